import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { SMALL_PHOTOGRAPH } from '../photographs.ts'

/** Loupe at the width of a phone. */
export interface LoupePage {
  page: Page
  /** Selects files, as a user does in the file dialog. */
  choose(...files: { name: string; mimeType: string; buffer: Buffer }[]): Promise<void>
  frame(name: string): Locator
  /** Waits until the text appears in a frame or on the page. */
  sees(text: string | RegExp, where?: Locator | Page): Promise<void>
}

/** Flags of a camera that shows a test picture. */
export const CAMERA = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream']

/** Each browser context is a visitor who prefers reduced motion: animations are drawn 60 times a second. @param browser for a new one */
export async function openPage(
  browser: Browser | BrowserContext,
  url: string,
  options: BrowserContextOptions & { script?: string } = {},
): Promise<LoupePage> {
  const viewport = { width: 360, height: 740 }
  const permissions = ['clipboard-read', 'clipboard-write']
  const context =
    'newContext' in browser
      ? await browser.newContext({ viewport, permissions, reducedMotion: 'reduce', ...options })
      : browser
  if (options.script) await context.addInitScript(options.script)
  const page = await context.newPage()
  await page.goto(url)
  await page.getByText('JPEG, PNG, WebP').waitFor()
  return {
    page,
    choose: (...files) => page.locator('input[type=file]').first().setInputFiles(files),
    frame: (name) => page.getByRole('article', { name, exact: true }),
    sees: (text, where = page) => where.getByText(text).first().waitFor({ timeout: 60_000 }),
  }
}

/** A file to choose or drop. Each upload is a new image, even with the same bytes. */
export function photograph(name: string, buffer = SMALL_PHOTOGRAPH) {
  return { name, mimeType: 'image/jpeg', buffer }
}

export async function expectEventually(check: () => unknown, timeoutMs = 60_000): Promise<void> {
  for (const began = Date.now(); ; ) {
    try {
      await check()
      return
    } catch (error) {
      if (Date.now() - began > timeoutMs) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
