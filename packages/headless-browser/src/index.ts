import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, chromium } from 'playwright-core'

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The system's Chromium, or what CHROMIUM names; undefined where there is none. */
export const chromiumPath = [process.env.CHROMIUM ?? '', ...EXECUTABLES].find((path) => existsSync(path))

/**
 * A Chromium that has shown an empty page. Now and then one starts and never comes so far; then another is started.
 *
 * @param more switches of Chromium's, beside those that keep it quiet
 */
export async function openBrowser(more: string[] = []): Promise<Browser> {
  const browser = await launch(more)
  if (await isUp(browser)) return browser
  browser.close().catch(() => {})
  return launch(more)
}

/** It takes a second. */
const UP_WITHIN = 15_000

async function isUp(browser: Browser): Promise<boolean> {
  const tooLate = new AbortController()
  const shown = browser.newPage().then(async (page) => {
    await page.close()
    return true
  })
  shown.catch(() => {}) // told to nobody once it is too late
  const isLate = sleep(UP_WITHIN, false, { signal: tooLate.signal }).catch(() => false)
  return Promise.race([shown, isLate]).finally(() => tooLate.abort())
}

function launch(more: string[]): Promise<Browser> {
  return chromium.launch({
    ...(chromiumPath && { executablePath: chromiumPath }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  })
}
