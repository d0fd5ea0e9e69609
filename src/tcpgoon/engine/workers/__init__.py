"""One plan by several processes of this machine: each is a loop over its own rows of one shared table.

`crew` is the parent's side, `nursery` the process that makes the others, `worker` what each of them does; they meet on
the `board` and tell the parent by `messages`.
"""
