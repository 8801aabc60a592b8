import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Describing every element that passes takes as long as the checks. */
const FIND = "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)"

/** What axe finds wrong with the page as it is, in the page itself: a second one would be one more process. */
export async function findViolations(page: Page): Promise<unknown[]> {
  if (await page.evaluate("!('axe' in window)")) await page.evaluate(AXE)
  return page.evaluate(FIND)
}
