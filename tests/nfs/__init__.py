"""The whole solution over real NFS: see docs/real-nfs.md."""
