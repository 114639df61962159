"""Properties of the blocks of the crossbar accelerator, and of whole small designs."""
