"""The RunPod serverless worker: takes jobs from the platform, and nothing else."""
