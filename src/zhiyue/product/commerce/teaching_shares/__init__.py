"""Teachers' shares of what is sold: reckoned when it is paid, taken back when money goes back, stated each month."""
