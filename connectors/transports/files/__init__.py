"""What the file_batch transport is made of: lines, batches, SFTP, receipts."""
