"""IAM as the sandbox has it: who asks, what a request needs, and what policies say to that."""
