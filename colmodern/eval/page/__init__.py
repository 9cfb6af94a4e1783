"""What was measured, as one page that opens in any browser, without a network."""

from colmodern.eval.page.files import check_can_write, render_page, write_page
from colmodern.eval.page.section import Section

__all__ = ["Section", "check_can_write", "render_page", "write_page"]
