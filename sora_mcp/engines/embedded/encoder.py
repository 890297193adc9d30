"""Writing the MP4: H.264 High and AAC, playable while it loads."""
# PyAV leaves the type argument of its packets open:
# pyright: reportUnknownMemberType=false

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av import AudioFrame, VideoFrame
from av.bitstream import BitStreamFilterContext
from av.error import FFmpegError

from sora_mcp.engines.embedded.soundtrack import SAMPLE_RATE, Samples
from sora_mcp.engines.embedded.storyboard import FRAME_RATE

COMMENT = "Preview animatic rendered locally from the prompt; not AI-generated video."
_TITLE_LENGTH = 120
_TO_PLAIN = "h264_mp4toannexb,filter_units=remove_types=7-8"
"""Start codes for lengths, and no parameter sets: the file's header has them."""
_OPTIONS = {
    # With the tool that matters most for drawn pictures (mbtree), this preset costs a third less
    # than the next one for files that are a twentieth larger. Choosing where B-frames go (b-adapt)
    # would cost a tenth more, and files would be no smaller, some a third larger.
    "preset": "superfast",
    "x264-params": "mbtree=1:rc-lookahead=8:b-adapt=0"
    ":colorprim=bt709:transfer=bt709:colormatrix=bt709",
    "crf": "23",
    "profile": "high",
    "g": str(2 * FRAME_RATE),
    # The painter has the other processor: four seconds took 0.53 s with one thread, 0.55 with two,
    # 0.57 with three. A fixed number, because the pictures shall not depend on the machine.
    "threads": "1",
}


class Movie:
    """An MP4 in the making; leaving its context finishes the file, or abandons it on an error.

    Pictures are yuv420p frames of the movie's size, sound is stereo; both are given in order.
    """

    def __init__(self, path: Path, width: int, height: int, title: str) -> None:
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._container.metadata["title"] = " ".join(title.split())[:_TITLE_LENGTH]
        self._container.metadata["comment"] = COMMENT
        self._video = self._container.add_stream("libx264", FRAME_RATE, options=dict(_OPTIONS))
        self._video.width, self._video.height = width, height
        self._video.pix_fmt = "yuv420p"
        self._audio = self._container.add_stream("aac", SAMPLE_RATE, options={"aac_coder": "fast"})
        self._audio.layout = "stereo"
        self._audio.bit_rate = 96_000
        self._container.start_encoding()
        self._pictures = self._samples = 0
        self.encoded = 0
        """Pictures written so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._write_pictures(None)
                self._container.mux(self._audio.encode(None))
        finally:
            self._container.close()

    def continues(self, source: Path, frames: int) -> bool:
        """Whether a clip has just these frames and was encoded as this movie is."""
        try:
            with av.open(str(source)) as container:
                video = container.streams.video[0]
                return (
                    video.frames == frames
                    and (video.width, video.height) == (self._video.width, self._video.height)
                    and parameter_sets(video.codec_context.extradata)
                    == parameter_sets(self._video.codec_context.extradata)
                )
        except (FFmpegError, IndexError):
            return False

    def copy_pictures(self, source: Path) -> None:
        """Begin with a clip's pictures, as they are encoded there."""
        with av.open(str(source)) as container:
            video = container.streams.video[0]
            # The encoder's own stream is of the plain kind: what comes from a file is made plain.
            plain = BitStreamFilterContext(_TO_PLAIN, video)
            for packet in container.demux(video):
                for copied in plain.filter(packet if packet.size else None):  # pyright: ignore[reportUnknownVariableType]  # see above
                    copied.stream = self._video
                    self._container.mux(copied)
            self._pictures = video.frames

    def add_picture(self, frame: VideoFrame) -> None:
        """Encode the next picture."""
        frame.pts, frame.time_base = self._pictures, Fraction(1, FRAME_RATE)
        self._pictures += 1
        self._write_pictures(frame)

    def add_sound(self, samples: Samples) -> None:
        """Encode the next samples (2, count), −1 to 1."""
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
        frame.sample_rate = SAMPLE_RATE
        frame.pts, frame.time_base = self._samples, Fraction(1, SAMPLE_RATE)
        self._samples += samples.shape[1]
        self._container.mux(self._audio.encode(frame))

    def _write_pictures(self, frame: VideoFrame | None) -> None:
        for packet in self._video.encode(frame):  # pyright: ignore[reportUnknownVariableType]  # see above
            self._container.mux(packet)  # pyright: ignore[reportUnknownArgumentType]  # see above
            self.encoded += 1


def parameter_sets(header: bytes | None) -> list[bytes]:
    """List the H.264 parameter sets of a codec header, as MP4 or as a plain stream writes them."""
    data = header or b""
    if data[:1] != b"\x01":  # a plain stream: units between start codes
        units = data.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
        return [unit for unit in units if unit and unit[0] & 31 in {7, 8}]
    found: list[bytes] = []
    at = 5
    for _ in range(2):  # sequence sets, then picture sets, each with its length
        count, at = data[at] & 31, at + 1
        for _ in range(count):
            length = int.from_bytes(data[at : at + 2])
            found.append(data[at + 2 : at + 2 + length])
            at += 2 + length
    return found
