"""`ifx-bridge plugin …`: compiling IFX Chain, putting it where DAWs look, and listening to it."""
