"""What is asked: values only, valid by construction, without a socket or a clock."""
