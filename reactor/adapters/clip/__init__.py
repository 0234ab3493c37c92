"""CLIP models in the folders that Immich's machine learning keeps, run by onnxruntime."""
