"""Small real clips for tests, made with PyAV."""
# PyAV leaves the type argument of its packets open:
# pyright: reportUnknownMemberType=false

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace

Colour = tuple[int, int, int]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
RED: Colour = (220, 30, 30)
GREEN: Colour = (30, 200, 40)
BLUE: Colour = (30, 60, 220)


def make_clip(
    path: Path,
    *colours: Colour,
    width: int = 128,
    height: int = 96,
    frames: int = 24,
    fps: int = 24,
    rate: int | None = 48_000,
    channels: str = "stereo",
    noise: bool = False,
    movflags: str = "+faststart",
    **encoder: str,
) -> Path:
    """An H.264/AAC MP4 that shows each colour for `frames` frames; `rate=None` is silent."""
    count = frames * len(colours or (BLUE,))
    options = {"preset": "ultrafast", "g": "12", **encoder}
    random = np.random.default_rng(1)
    # As players take it when a file does not say: BT.709 for HD, BT.601 below.
    space = Colorspace.ITU709 if max(width, height) >= 1280 else Colorspace.ITU601
    flags = {"movflags": movflags} if movflags else {}
    with av.open(path, "w", format="mp4", options=flags) as container:
        video = container.add_stream("libx264", rate=fps, options=options)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=rate, layout=channels) if rate else None
        for index in range(count):
            picture = np.full((height, width, 3), (colours or (BLUE,))[index // frames], np.uint8)
            if noise:
                picture = random.integers(0, 256, picture.shape, np.uint8)
            frame = VideoFrame.from_ndarray(picture, "rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=space)
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if rate and sound is not None:
            tone = np.sin(np.arange(rate * count // fps) * 2 * np.pi * 440 / rate) * 0.2
            planes = np.tile(tone.astype(np.float32), (2 if channels == "stereo" else 1, 1))
            samples = AudioFrame.from_ndarray(planes, "fltp", channels)
            samples.sample_rate, samples.pts, samples.time_base = rate, 0, Fraction(1, rate)
            container.mux(sound.encode(samples))
            container.mux(sound.encode())
    return path
