"""The CodeDeploy agent of one sandbox instance: it unpacks, installs and runs hooks as the real one does."""
