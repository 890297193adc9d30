shot="Close-up, slow orbit. The bottle stands on wet slate; a drop runs down the glass. Morning light."
sora-mcp generate "$shot" --input-reference bottle.jpg --dry-run
sora-mcp generate "$shot" --input-reference bottle.jpg --out bottle.mp4
