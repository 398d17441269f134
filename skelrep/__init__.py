"""Embeddings of 3D human skeleton clips: pretrained ST-GCN encoders, and CrosSCLR pretraining."""
