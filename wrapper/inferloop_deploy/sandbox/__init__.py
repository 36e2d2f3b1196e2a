"""The sandbox: a local stand-in for AWS on which real Terraform rehearses the real modules."""
