import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'

/** Lightmeter in a browser of its own, at the width of a telephone. */
export interface LightmeterPage {
  page: Page
  /** A headline number, in words: `number('Failed')` is `1.3 %`. */
  number(name: string): Promise<string>
  chart(title: string | RegExp): Locator
  /** What the page's content security policy has refused since it was loaded. */
  violations(): Promise<string[]>
  /** Waits until the page says so. */
  sees(text: string | RegExp): Promise<void>
}

/** Init script: what the page's content security policy has refused. */
const RECORD_VIOLATIONS = `
  globalThis.violations = []
  addEventListener('securitypolicyviolation', ({ effectiveDirective, sample, blockedURI }) =>
    violations.push([effectiveDirective, blockedURI, sample].join(' ')))`

/** A machine with other work can be many times slower. */
const TIMEOUT_MS = 120_000

export async function openDashboard(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<LightmeterPage> {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, ...options })
  context.setDefaultTimeout(TIMEOUT_MS)
  await context.addInitScript(RECORD_VIOLATIONS)
  const page = await context.newPage()
  await page.goto(url)
  await page.locator('.strip, .nothing').first().waitFor()
  return {
    page,
    number: async (name) => {
      const tile = page.locator('.strip dl > div', { has: page.getByText(name, { exact: true }) })
      return (await tile.locator('.value').textContent()) ?? ''
    },
    chart: (title) => page.getByRole('region', { name: title }),
    violations: () => page.evaluate<string[]>('violations'),
    sees: (text) => page.getByText(text).first().waitFor(),
  }
}
