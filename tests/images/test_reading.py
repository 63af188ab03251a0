"""Picture files of all sorts: what people see is what is read, or a line says why not."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from oneshot.errors import BadInputError
from oneshot.images.pictures import reading
from oneshot.images.pictures.folders import class_folders, pictures_in
from oneshot.images.pictures.reading import BLACK, middle_square, read_picture

GREY = np.arange(12 * 20, dtype=np.uint8).reshape(12, 20)
ORIENTATION = 274
COLOURS = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)


def saved(image: Image.Image, path: Path, **how: object) -> Path:
    image.save(path, **how)  # type: ignore[arg-type]
    return path


def grey(path: Path) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(read_picture(path, "L").image)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_pictures_of_more_bits_look_the_same(dtype: type, suffix: str, tmp_path: Path) -> None:
    if suffix == "png" and dtype is not np.uint16:
        pytest.skip("PNG has no such numbers")
    high = {np.uint16: 257, np.int32: 257, np.float32: 1 / 255}[dtype]
    image = Image.fromarray((GREY.astype(np.float64) * high).astype(dtype))
    assert np.abs(grey(saved(image, tmp_path / f"a.{suffix}")).astype(int) - GREY).max() <= 1


def test_a_deep_portable_greymap_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ppm"
    path.write_bytes(b"P5 20 12 65535\n" + (GREY.astype(">u2") * 257).tobytes())
    assert np.array_equal(grey(path), GREY)


@pytest.mark.parametrize("values", [[-1.0, 0.5], [0.0, 1e9], [0.0, np.nan], [0.0, np.inf]])
def test_numbers_that_are_no_brightness_are_refused(values: list[float], tmp_path: Path) -> None:
    path = saved(Image.fromarray(np.array([values], dtype=np.float32)), tmp_path / "a.tif")
    with pytest.raises(BadInputError, match="no brightness; save it with 8 bits"):
        read_picture(path, "L")


def test_palettes_and_other_colours_are_what_they_stand_for(tmp_path: Path) -> None:
    plain = Image.fromarray(COLOURS)
    few = plain.quantize(8)
    read = read_picture(saved(few, tmp_path / "few.png"), "RGB").image
    assert np.array_equal(np.asarray(read), np.asarray(few.convert("RGB")))
    inks = saved(Image.new("CMYK", (8, 8), (255, 0, 0, 0)), tmp_path / "inks.jpg", quality=95)
    assert np.abs(np.asarray(read_picture(inks, "RGB").image) - [0, 255, 255]).max() < 6
    bits = saved(Image.fromarray(GREY > 100), tmp_path / "bits.png")
    assert np.array_equal(grey(bits), (GREY > 100) * 255)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_is_read_upright(orientation: int, tmp_path: Path) -> None:
    turned = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: lambda a: np.rot90(a),
        7: lambda a: np.rot90(a, 2).T,
        8: lambda a: np.rot90(a, -1),
    }[orientation](GREY)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(turned))
    path = saved(stored, tmp_path / "a.png", exif=exif)
    assert np.array_equal(grey(path), GREY)


def test_what_is_transparent_shows_the_ground(tmp_path: Path) -> None:
    clear = np.zeros((12, 20, 4), dtype=np.uint8)
    clear[3:6, 4:9] = 90, 90, 90, 255
    path = saved(Image.fromarray(clear), tmp_path / "clear.png")
    on_white = read_picture(path, "L")
    assert on_white.image.getpixel((0, 0)) == 255
    assert on_white.image.getpixel((4, 3)) == 90
    assert on_white.remarks == ("transparent parts are put on white",)
    assert read_picture(path, "L", ground=BLACK).image.getpixel((0, 0)) == 0
    both = Image.fromarray(clear).convert("LA")
    assert np.array_equal(grey(saved(both, tmp_path / "both.png")), np.asarray(on_white.image))
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 10, 200, 30])
    palette.putpixel((0, 0), 0)
    shown = read_picture(saved(palette, tmp_path / "p.png", transparency=1), "RGB").image
    assert (shown.getpixel((0, 0)), shown.getpixel((1, 1))) == ((0, 0, 0), (255, 255, 255))


def test_black_ink_on_nothing_is_not_lost_on_black(tmp_path: Path) -> None:
    ink = np.zeros((12, 20, 4), dtype=np.uint8)
    ink[3:6, 4:9, 3] = 255
    found = read_picture(saved(Image.fromarray(ink), tmp_path / "ink.png"), "L", ground=BLACK)
    assert found.image.getextrema() == (0, 255)
    assert found.remarks == ("transparent parts are put on white",)


@pytest.mark.parametrize("suffix", ["gif", "webp", "tif", "png"])
def test_of_moving_pictures_the_first_is_taken_and_that_is_said(
    suffix: str, tmp_path: Path
) -> None:
    first, second = (Image.new("L", (8, 8), value) for value in (40, 220))
    how = {"lossless": True} if suffix == "webp" else {}
    path = saved(first, tmp_path / f"a.{suffix}", save_all=True, append_images=[second], **how)
    found = read_picture(path, "L")
    assert abs(int(found.image.getpixel((0, 0))) - 40) < 3  # type: ignore[arg-type]
    assert found.remarks == ("the first of 2 frames or pages is looked at",)


def test_large_photographs_pass_and_larger_ones_are_a_line(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    photo = saved(Image.new("L", (8000, 6000), 77), tmp_path / "photo.jpg", quality=10)
    assert np.abs(np.asarray(read_picture(photo, "RGB", enough=64).image) - 77.0).max() <= 1
    for size in ((8001, 8001), (14000, 14000)):  # below and above what Pillow takes for an attack
        large = saved(Image.new("1", size), tmp_path / "large.png")
        with pytest.raises(BadInputError, match="pixels; give one of at most 64 million"):
            read_picture(large, "L")
    assert not recwarn.list


def encoded(kind: str) -> bytes:
    buffer = BytesIO()
    Image.fromarray(COLOURS).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"just words", "of none of the kinds PNG, JPEG"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC, AVIF or film"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "of none of the kinds"),
        *((encoded(kind)[: len(encoded(kind)) // 2], "cannot be read") for kind in ("PNG", "JPEG")),
    ],
)
def test_what_is_no_whole_picture_is_refused_with_the_reason(
    content: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=said) as refused:
        read_picture(path, "RGB")
    assert "\n" not in str(refused.value)


def test_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    for path, said in (
        (tmp_path / "none.png", "does not exist"),
        (tmp_path, "is no file"),
        (tmp_path / ("x" * 3000), "cannot be read"),
    ):
        with pytest.raises(BadInputError, match=said):
            read_picture(path, "L")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(["PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"]), st.data())
def test_damage_anywhere_is_a_line_or_a_picture(
    tmp_path: Path, kind: str, data: st.DataObject
) -> None:
    whole = bytearray(encoded(kind))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(whole)
    said = ""
    try:
        assert read_picture(path, "RGB").image.mode == "RGB"
    except BadInputError as error:
        said = str(error)
    assert "\n" not in said


def test_the_middle_of_any_picture_is_a_square(tmp_path: Path) -> None:
    wide = Image.new("RGB", (90, 30))
    wide.paste((255, 255, 255), (30, 0, 60, 30))  # only the middle square is white
    found = read_picture(saved(wide, tmp_path / "wide.png"), "RGB").image
    assert middle_square(found, 10).shape == (3, 10, 10)
    assert middle_square(found, 10).float().mean() > 250


def test_trees_leave_hidden_and_empty_folders_out(tmp_path: Path) -> None:
    for name in ("cats/1.png", "cats/.thumb/2.png", "cats/._1.png", ".git/3.png", "dogs/sub/4.JPG",
                 "__MACOSX/cats/5.png"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded("PNG"))
    (tmp_path / "birds").mkdir()
    (tmp_path / "birds" / "notes.txt").write_text("none yet")
    found = class_folders(tmp_path)
    assert {name: [p.name for p in paths] for name, paths in found.classes.items()} == {
        "cats": ["1.png"],
        "dogs": ["4.JPG"],
    }
    assert found.remarks == (f"{tmp_path / 'birds'} holds no pictures and is left out",)
    with pytest.raises(BadInputError, match="holds no pictures"):
        pictures_in(tmp_path / "birds")
    with pytest.raises(BadInputError, match="holds no folders"):
        class_folders(tmp_path / "birds")


def test_there_is_one_reader() -> None:
    package = Path(reading.__file__).parents[2]
    users = [path for path in package.rglob("*.py") if "Image.open(" in path.read_text("utf-8")]
    assert [str(path.relative_to(package)) for path in sorted(users)] == [
        "images/pictures/reading.py",
        "images/sets/sheets.py",  # sheets of a set, which are no files of their own
    ]
