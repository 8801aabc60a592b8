import { describe, test } from '@jest/globals'
import { missingBrowser } from './browser.ts'
import { missingPerl } from './exiftool.ts'

/** What a group of tests needs beyond npm packages. */
interface Need {
  /** Why it cannot be used on this machine and what to install; undefined where it can. */
  missing: string | undefined
}

export const BROWSER: Need = { missing: missingBrowser() }
export const EXIFTOOL: Need = { missing: missingPerl() }

/** `describe` where the need is met. Elsewhere it is one skipped test, and a line says what to install. */
export function describeWith({ missing }: Need, name: string, tests: () => void): void {
  if (missing) {
    const skipped = `${name}: skipped, ${missing}`
    console.warn(skipped)
    test.skip(skipped, () => {})
  } else describe(name, tests)
}
