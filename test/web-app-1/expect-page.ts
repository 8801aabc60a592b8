import { findViolations } from '@darkroom/testing/find-violations'
import { expect } from '@jest/globals'
import type { Locator, Page } from 'playwright-core'
import { expectEventually } from './open-page.ts'

const naturalWidth = (img: { naturalWidth: number }) => img.naturalWidth

/** Waits until the developed image has loaded. */
export async function expectDeveloped(frame: Locator): Promise<void> {
  const developed = frame.getByRole('link').getByRole('img')
  await developed.waitFor({ timeout: 60_000 }).catch(async ({ message }) => {
    throw new Error(`${message}\nThe page shows:\n${await frame.page().locator('body').ariaSnapshot()}`)
  })
  await expectEventually(async () => {
    await developed.scrollIntoViewIfNeeded()
    expect(await developed.evaluate(naturalWidth)).toBeGreaterThan(0)
  })
}

export async function expectAccessible(page: Page): Promise<void> {
  expect(await findViolations(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
}
