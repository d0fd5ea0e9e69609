"""What happened: one table with a row per connection, and what follows from it. No sockets, no clock."""
