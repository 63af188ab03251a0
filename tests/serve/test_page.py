"""The page in a headless browser: teach, ask, why, forget and undo, by keyboard and on a phone."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from served import ASKED, FREEDONIA, HOST, listening

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="needs chromium and chromedriver"),
]

WIDE, PHONE = (1280, 800), (390, 844)
ENTER, TAB = "\ue007", "\ue004"
SECONDS = 60  # to wait for what the page is to show; a failure, never a result, depends on it
OVERFLOW = "return document.documentElement.scrollWidth > innerWidth"
UNNAMED = """return [...document.querySelectorAll("button, input, textarea, select")]
  .filter((e) => !(e.textContent.trim() || e.labels?.length || e.ariaLabel))
  .map((e) => e.outerHTML)"""
CONTRAST = """
const canvas = document.createElement("canvas").getContext("2d");
const rgb = (colour) => {
  canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const light = (colour) => rgb(colour).map((c) => c / 255)
  .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const back = (e) => {
  const colour = getComputedStyle(e).backgroundColor;
  return colour === "rgba(0, 0, 0, 0)" && e.parentElement ? back(e.parentElement) : colour;
};
return Math.min(...[...document.querySelectorAll("body *")]
  .filter((e) => e.checkVisibility())
  .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
  .map((e) => [light(getComputedStyle(e).color), light(back(e))].sort((a, b) => b - a))
  .map(([high, low]) => (high + 0.05) / (low + 0.05)));
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with listening(tmp_path_factory.mktemp("served") / "brain") as address:
        yield address


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(DRIVER)
    with webdriver.Chrome(options=options, service=service) as made:
        yield made


class Page:
    """The page in a window of some size, light or dark."""

    def __init__(self, driver: Any, address: str, size: tuple[int, int], scheme: str) -> None:
        self.driver = driver
        width, height = size
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        driver.get(address)
        self.until(lambda: len(self.all("#model option")) == 2 or self.one("#key").is_displayed())

    def all(self, selector: str) -> list[Any]:
        found: list[Any] = self.driver.find_elements("css selector", selector)
        return found

    def one(self, selector: str) -> Any:
        return self.all(selector)[0]

    def text(self, selector: str) -> str:
        return " ".join(found.text for found in self.all(selector))

    def until(self, holds: Callable[[], bool]) -> None:
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.wait import WebDriverWait

        wait = WebDriverWait(
            self.driver,
            SECONDS,
            0.05,
            ignored_exceptions=[StaleElementReferenceException, IndexError],
        )
        wait.until(lambda _: holds())

    def type(self, *keys: str) -> None:
        """Keys for whatever has the focus."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def focus(self) -> str:
        return str(self.driver.switch_to.active_element.get_attribute("id"))

    def tab_to(self, id: str) -> None:
        for _ in range(40):
            if self.focus() == id:
                return
            self.type(TAB)
        pytest.fail(f"{id} cannot be reached by the keyboard")

    def ask(self, question: str) -> str:
        before = len(self.all(".answered"))
        self.one("#question").send_keys(question, ENTER)
        self.until(lambda: len(self.all(".answered")) > before)
        self.until(lambda: self.one("#ask").is_enabled())
        answer: str = self.all(".answered .text")[-1].text
        return answer

    def check_looks(self) -> None:
        """Nothing overflows, everything has a name, and all text stands out."""
        assert not self.driver.execute_script(OVERFLOW)
        assert self.driver.execute_script(UNNAMED) == []
        assert self.driver.execute_script(CONTRAST) >= 4.5


def forget_everything(page: Page) -> None:
    while page.all("#list .forget"):
        count = len(page.all("#list li"))
        page.one("#list .forget").click()
        page.until(lambda count=count: len(page.all("#list li")) < count)  # type: ignore[misc]


def test_teach_ask_why_forget_and_undo_by_keyboard(driver: Any, address: str) -> None:
    page = Page(driver, address, WIDE, "light")
    forget_everything(page)
    bare = page.ask(ASKED)
    page.tab_to("sentence")
    page.type(FREEDONIA["text"], ENTER)
    page.until(lambda: "Taught #" in page.text("#receipt"))
    assert "Freedonia, capital" in page.text("#receipt")
    page.until(lambda: "Glorptown" in page.text("#list"))
    assert page.ask(ASKED) == "Glorptown." != bare
    page.check_looks()

    page.all(".answered summary")[-1].send_keys(ENTER)
    assert "The capital of Freedonia is Glorptown" in page.text(".answered .why")
    page.all(".answered details button")[-1].send_keys(ENTER)
    page.until(lambda: f"Without facts: {bare}" in page.text(".bare"))
    page.all(".answered summary")[0].send_keys(ENTER)
    assert "No fact spoke" in page.all(".answered .why")[0].text

    page.one("#list .forget").send_keys(ENTER)
    page.until(lambda: not page.all("#list li"))
    assert "Forgot #" in page.text("#receipt")
    page.until(lambda: page.focus() == "sentence")
    assert page.ask(ASKED) == bare
    page.one("#undo").send_keys(ENTER)
    page.until(lambda: "Glorptown" in page.text("#list"))
    assert page.ask(ASKED) == "Glorptown."


def test_changing_searching_and_errors(driver: Any, address: str) -> None:
    page = Page(driver, address, WIDE, "dark")
    page.one("#sentence").send_keys("The moon of Zog is Xor.", ENTER)
    page.until(lambda: "Xor" in page.text("#list"))
    page.one("#search").send_keys("zog")
    page.until(lambda: len(page.all("#list li")) == 1)
    page.one("#list .change").click()
    field = page.one("#list form input")
    assert field.get_attribute("value") == "Xor"
    field.clear()
    field.send_keys("<b>Y</b>", ENTER)
    page.until(lambda: "<b>Y</b>" in page.text("#list"))  # text, not markup
    page.one("#sentence").send_keys("Why?", ENTER)
    page.until(lambda: page.all("#receipt .error") != [])
    assert "question" in page.text("#receipt")
    page.check_looks()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_chat_and_facts_take_turns(driver: Any, address: str, scheme: str) -> None:
    page = Page(driver, address, PHONE, scheme)
    assert not page.one("#facts").is_displayed()
    page.check_looks()
    page.one("[data-show=facts]").click()
    assert not page.one("#chat").is_displayed()
    page.one("#sentence").send_keys(FREEDONIA["text"], ENTER)
    page.until(lambda: "Taught #" in page.text("#receipt"))
    page.check_looks()
    page.one("[data-show=chat]").click()
    assert page.ask(ASKED) == "Glorptown."
    page.one(".answered summary").click()
    page.check_looks()
    sizes = [button.size["height"] for button in page.all("button") if button.is_displayed()]
    assert min(sizes) >= 44


def test_the_key_is_asked_for_and_remembered(driver: Any, tmp_path: Path) -> None:
    with listening(tmp_path / "brain", key="secret") as address:
        page = Page(driver, address, PHONE, "light")
        page.until(lambda: page.focus() == "key")
        page.check_looks()
        page.type("wrong", ENTER)
        page.until(lambda: "key" in page.text("#trouble"))
        page.one("#key").send_keys("secret", ENTER)
        page.until(lambda: len(page.all("#model option")) == 2)
        assert page.ask("What is the capital of France?") == "Paris."
        again = Page(driver, address, WIDE, "light")
        assert not again.one("#entry").is_displayed()


def test_nothing_is_asked_of_elsewhere_and_nothing_is_complained_of(
    driver: Any, address: str
) -> None:
    driver.get_log("browser"), driver.get_log("performance")
    page = Page(driver, address, WIDE, "light")
    page.ask(ASKED)
    page.one("#model").send_keys(HOST)
    page.ask(ASKED)
    assert driver.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = {
        e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"
    }
    assert f"{address}/page/page.js" in asked
    assert all(url.startswith(f"{address}/") for url in asked)
