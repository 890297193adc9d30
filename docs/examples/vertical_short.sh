sora-mcp generate "Extreme close-up, still camera. Dough rises in a glass jar and lifts its \
cloth lid. Flour dust in warm window light." --size 720x1280 --out short.mp4 --json > short.json
video_id=$(jq -r .video_id short.json)
sora-mcp download "$video_id" --variant thumbnail --out cover.webp
