"""What the page of all groups and the page of one say: read in few requests, folded, laid out, watched."""
