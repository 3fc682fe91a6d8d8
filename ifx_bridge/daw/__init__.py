"""Links to DAWs: listen, capture the dry clip, push a turn's values back. See `link.DawLink`."""
