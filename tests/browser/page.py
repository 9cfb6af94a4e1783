"""What a person does with the page, and what they see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from .site import Site

_PATIENCE = 60  # a busy machine is no failure


class Page:
    """The page of a server in a browser."""

    def __init__(self, driver: Chrome, site: Site) -> None:
        self.driver = driver
        self.site = site

    def open(self, said: str = "") -> None:
        """Open the page anew at an address that ends so."""
        self.driver.get("about:blank")
        self.driver.get(f"{self.site.url}{said}")
        if said:
            self.until_shown()

    def search(self, query: str) -> None:
        """Type a query, and wait for what comes."""
        field = self.one("#query")
        field.clear()
        field.send_keys(query + "\n")
        self.until(lambda: self.driver.title.startswith(query))
        self.until_shown()

    def until_shown(self) -> None:
        """Wait until what the address says is shown, or an error."""
        self.until(
            lambda: self.script(
                "return !document.querySelector('#hits').ariaBusy"
                " && (document.querySelector('#count').textContent !== ''"
                " || document.querySelector('#notice').childNodes.length > 0)"
            )
        )

    def point_at(self, token: str) -> None:
        """Move the mouse to a token of the query, and wait until the hits show it."""
        self.until(lambda: token in self.texts(".query button"))
        chosen = [one for one in self.all(".query button") if one.text == token]
        ActionChains(self.driver).move_to_element(chosen[0]).perform()
        self.until(lambda: any(self.texts(".why b")))

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until something holds, and return it."""
        waiting = WebDriverWait(
            self.driver, _PATIENCE, 0.02, ignored_exceptions=[StaleElementReferenceException]
        )
        return waiting.until(lambda _driver: condition())

    def one(self, selector: str) -> WebElement:
        """Return the first element that fits, as soon as there is one that can be seen."""
        return self.until(lambda: next((e for e in self.all(selector) if e.is_displayed()), None))

    def all(self, selector: str) -> list[WebElement]:
        """Return the elements that fit."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """Return the text of each element that fits."""
        script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
        return self.script(script, selector)

    def titles(self) -> list[str]:
        """Return the titles of the hits."""
        return self.texts(".hit h2 a")

    def script(self, source: str, *arguments: object) -> Any:
        """Return what a script returns."""
        return self.driver.execute_script(source, *arguments)

    def focused(self) -> str:
        """Return the id, or else the text, of what has the focus."""
        return self.script("const e = document.activeElement; return e.id || e.textContent")

    def address(self) -> str:
        """Return the end of the address."""
        return self.script("return location.hash")

    def check_console(self) -> None:
        """Refuse errors of scripts, and anything that the policy had to stop."""
        logged = [one["message"] for one in self.driver.get_log("browser")]
        unexpected = [line for line in logged if "Failed to load resource" not in line]
        assert not unexpected, "\n".join(unexpected)
