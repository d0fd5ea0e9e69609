"""The image, built as a user builds it (``make image``) and run as the documentation says; no registry is asked.

`base` makes what it is built on, of Debian's packages; `buildah` builds and runs; `documented` reads ``docker run …``.
"""
