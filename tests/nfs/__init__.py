"""The whole solution over real NFS: see docs/testing/real-nfs.md."""
