import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'

/** Lightmeter in a browser of its own, at the width of a telephone. */
export interface LightmeterPage {
  page: Page
  /** A headline number, in words: `number('Failed')` is `1.3 %`. */
  number(name: string): Promise<string>
  chart(title: string | RegExp): Locator
  /** Waits until the page says so. */
  sees(text: string | RegExp): Promise<void>
}

export async function openDashboard(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<LightmeterPage> {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, ...options })
  const page = await context.newPage()
  await page.goto(url)
  await page.locator('.strip, .nothing').first().waitFor({ timeout: 30_000 })
  return {
    page,
    number: async (name) => {
      const tile = page.locator('.strip dl > div', { has: page.getByText(name, { exact: true }) })
      return (await tile.locator('.value').textContent()) ?? ''
    },
    chart: (title) => page.getByRole('region', { name: title }),
    sees: (text) => page.getByText(text).first().waitFor({ timeout: 60_000 }),
  }
}
