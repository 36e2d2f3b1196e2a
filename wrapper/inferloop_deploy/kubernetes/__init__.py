"""What the commands need of a Kubernetes cluster: its programs, how they are called, and what they answer."""
