"""Makes a video and saves it. FRAMEHOUSE_BASE_URL and FRAMEHOUSE_API_KEY say where and by whom.

python make_a_video.py "A dog playing in a park" [folder]
"""

import sys

from framehouse import Framehouse, Money, Progress


def told(progress: Progress) -> None:
    print(f"{progress.elapsed:4.0f} s  {progress.status}  (typically {progress.typical_seconds} s in all)")


def main(prompt: str, folder: str = ".") -> None:
    with Framehouse() as client:
        video = client.run("veo-3.1-fast", {"prompt": prompt}, max_price=Money.of(usd="0.30"), on_progress=told)
        for path in client.download(video, folder):
            print(f"{path}, charged {video.charged}")


if __name__ == "__main__":
    main(*sys.argv[1:])
