import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FailedDocument, ProcessedDocument } from '@darkroom/core'
import { openBrowser } from '@darkroom/testing'
import { findViolations } from '@darkroom/testing/find-violations'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { expectEventually } from '../web-app-1/open-page.ts'
import { type LightmeterPage, openDashboard } from './open-dashboard.ts'
import { serveFolder } from './serve-folder.ts'
import { REFUSED, type WrittenDashboard, writtenDashboard } from './written-dashboard.ts'

const now = new Date()
type Image = ProcessedDocument | FailedDocument
let all: Image[]
const dayOf = ({ accepted_at }: Image) => accepted_at.slice(0, 10)
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString().slice(0, 10)
const lately = (days: number) => all.filter((document) => dayOf(document) >= daysAgo(days - 1))
const number = (value: number) => value.toLocaleString('en')

describeWith(BROWSER, 'Lightmeter as static files', () => {
  let written: WrittenDashboard
  let server: { url: string; stop(): Promise<void> }
  let browser: Browser
  let lightmeter: LightmeterPage

  beforeAll(async () => {
    written = await writtenDashboard(3000, 60)
    all = written.documents.filter((document) => document.status !== 'erased')
    server = await serveFolder(written.folder)
    browser = await openBrowser()
    lightmeter = await openDashboard(browser, server.url)
  }, 240_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await written?.stop()
  })

  test('shows the numbers of the last 30 days as the documents have them', async () => {
    const month = lately(30)
    const failed = month.filter(({ status }) => status === 'failed')
    expect(await lightmeter.number('Images')).toBe(number(month.length))
    expect(await lightmeter.number('Failed')).toBe(
      `${number(round((100 * failed.length) / month.length, 1))} %`,
    )
    const slow = month.flatMap((image) =>
      image.status === 'processed' ? image.queued_ms + image.processing_ms : [],
    )
    const exact = slow.toSorted((a, b) => a - b)[Math.ceil(0.95 * slow.length) - 1] ?? 0
    const shown = Number.parseFloat(await lightmeter.number('95 % ready within'))
    // 5 % from the histogram's steps, plus rounding to two digits.
    expect(Math.abs((1000 * shown) / exact - 1)).toBeLessThan(0.1)
    const sizes = month.flatMap((image) => (image.status === 'processed' ? [image] : []))
    const before = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
    const after = sizes.reduce((sum, { variants_bytes }) => sum + variants_bytes, 0)
    expect(await lightmeter.number('Bytes saved')).toBe(`${Math.round((100 * (before - after)) / before)} %`)
  })

  test('agrees with the catalogue on near duplicates and cost', async () => {
    const { page, number } = lightmeter
    await page.getByRole('radio', { name: '90 days' }).check()
    const ask = async (sql: string) => Number((await written.catalogue.query(sql)).rows[0]?.[0])
    const alike = await ask('SELECT count(DISTINCT other_image_id) FROM near_duplicates')
    const developed = all.filter(({ status }) => status === 'processed').length
    expect(alike).toBeGreaterThan(10)
    expect(await number('Near duplicates')).toBe(`${round((100 * alike) / developed, 1)} %`)
    const dollars = await ask(
      'SELECT sum(images * (lambda_dollars + request_dollars + storage_month_dollars)) / sum(images) FROM estimated_cost',
    )
    expect(await number('Cost per 1,000')).toBe(`$${Number(dollars.toPrecision(2))}`)
    await page.getByRole('radio', { name: '30 days' }).check()
  })

  test('ranks reasons and formats by frequency', async () => {
    const rows = (title: string) => lightmeter.chart(title).getByRole('row').allTextContents()
    const failed = lately(30).filter(({ status }) => status === 'failed')
    const [, first] = await rows('Failures by reason')
    const corrupt = failed.filter(
      (image) => image.status === 'failed' && image.failure_type === 'corrupt-image',
    )
    expect(first).toContain(`corrupt image${corrupt.length}`)
    const formats = await rows('Formats of originals')
    expect(formats[1]).toMatch(/^JPEG/)
    expect(formats).toHaveLength(6)
  })

  test('shows how many attempts become images', async () => {
    const month = lately(30)
    const erased = written.documents.filter(
      ({ status, accepted_at }) => status === 'erased' && accepted_at.slice(0, 10) >= daysAgo(29),
    )
    const accepted = month.length + erased.length
    const attempted = accepted + REFUSED
    const chart = lightmeter.chart('From attempt to image')
    expect(await chart.getByText('were refused').textContent()).toContain(
      `${number(REFUSED)} of ${number(attempted)} images were refused`,
    )
    const [, ...rows] = await chart.getByRole('row').allTextContents()
    const processed = month.filter(({ status }) => status === 'processed').length
    const expected = { Attempted: attempted, Accepted: accepted, Processed: processed, Erased: erased.length }
    for (const [n, [name, images]] of Object.entries(expected).entries())
      expect(rows[n]).toContain(`${name}${number(images)}${percentOf(images, attempted)} %`)
  })

  test('draws the same numbers that the table shows', async () => {
    const chart = lightmeter.chart('Images by day')
    await chart.getByText('Numbers').click()
    await chart.getByRole('row').first().waitFor()
    const cells = await chart.getByRole('row').allTextContents()
    // Soon after midnight there may be no image of today.
    const newest = all.map(dayOf).toSorted().at(-1) ?? ''
    const kafka = all.filter((image) => dayOf(image) === newest && image.origin === 'kafka').length
    const day = new Date(newest).toLocaleDateString('en-GB', {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      timeZone: 'UTC',
    })
    expect(cells.at(-1)).toContain(day)
    expect(cells[0]).toContain('web-app-2, Kafka')
    expect(await chart.getByRole('row').last().getByRole('cell').allTextContents()).toContain(String(kafka))
    // One path per part of a column: as many as numbers above zero in the table.
    const numbers = await chart.getByRole('cell').allTextContents()
    const parts = await chart.locator('svg path[fill^="#"], svg path[fill^="rgb"]').count()
    expect(parts).toBeGreaterThanOrEqual(numbers.filter((text) => Number(text) > 0).length)
    await chart.getByText('Numbers').click()
  })

  test('filters by app and days, and keeps the selection in the URL and for the next visit', async () => {
    const { page, number: shown } = lightmeter
    await page.getByRole('combobox', { name: 'App' }).selectOption('web-app-2')
    await page.getByRole('radio', { name: '7 days' }).check()
    const week = lately(7).filter(({ app }) => app === 'web-app-2')
    expect(await shown('Images')).toBe(number(week.length))
    expect(page.url()).toBe(`${server.url}?app=web-app-2&days=7`)
    expect(await page.getByRole('status').textContent()).toBe(`${number(week.length)} images selected`)
    await page.goto(server.url)
    await expectEventually(async () => expect(await shown('Images')).toBe(number(week.length)))
    await page.getByLabel('From', { exact: true }).fill(daysAgo(20))
    await page.getByLabel('To', { exact: true }).fill(daysAgo(10))
    const some = all.filter(
      (image) => image.app === 'web-app-2' && dayOf(image) >= daysAgo(20) && dayOf(image) <= daysAgo(10),
    )
    expect(await shown('Images')).toBe(number(some.length))
    expect(page.url()).toBe(`${server.url}?app=web-app-2&from=${daysAgo(20)}&to=${daysAgo(10)}`)
    await page.goto(`${server.url}?days=2`)
    await lightmeter.sees(/Images by hour/)
    expect(await shown('Images')).toBe(number(lately(2).length))
  })

  test('filters by the declared attributes of the app, by their most frequent values', async () => {
    const { page, number: shown, chart } = lightmeter
    const attribute = page.getByRole('combobox', { name: 'Attribute' })
    await page.goto(`${server.url}?days=90`)
    await page.getByRole('combobox', { name: 'App' }).selectOption('shop')
    const skus = attribute.locator('optgroup[label="sku, most frequent"] option')
    expect(await skus.count()).toBe(20)
    expect(await attribute.locator('optgroup').evaluateAll(LABELS)).toEqual([
      'licence',
      'photographer, most frequent',
      'sku, most frequent',
    ])
    const ofShop = all.filter(({ app }) => app === 'shop')
    const ofLicence = (licence: string) => ofShop.filter(({ attributes }) => attributes.licence === licence)
    await attribute.selectOption('licence: cc0')
    await expectEventually(async () => expect(await shown('Images')).toBe(number(ofLicence('cc0').length)))
    expect(page.url()).toBe(`${server.url}?app=shop&attribute=licence&value=cc0&days=90`)
    expect(await page.getByRole('status').textContent()).toBe(
      `${number(ofLicence('cc0').length)} images selected`,
    )
    await lightmeter.sees('not counted by attribute')
    expect(await chart(/Time to ready|Near duplicates|cost|From attempt/).count()).toBe(0)
    const formats = await chart('Formats of originals').getByRole('row').first().textContent()
    expect(formats).toContain('Format')
    await expectAccessible(page)
    await attribute.selectOption('licence: editorial')
    await expectEventually(async () =>
      expect(await shown('Images')).toBe(number(ofLicence('editorial').length)),
    )
    await page.reload()
    await lightmeter.sees('not counted by attribute')
    expect(await shown('Images')).toBe(number(ofLicence('editorial').length))
    await page.goBack()
    await expectEventually(async () => expect(await shown('Images')).toBe(number(ofLicence('cc0').length)))
    await attribute.selectOption('Any')
    await expectEventually(async () => expect(await shown('Images')).toBe(number(ofShop.length)))
    await chart('Time to ready by day').waitFor()
    await attribute.selectOption('licence: cc0')
    await lightmeter.sees('not counted by attribute')
    await page.getByRole('combobox', { name: 'App' }).selectOption('web-app-1')
    await chart('Time to ready by day').waitFor()
    expect(await attribute.count()).toBe(0)
    expect(page.url()).toBe(`${server.url}?app=web-app-1&days=90`)
  })

  test('says so if there are no images with an attribute, or their figures cannot be loaded', async () => {
    const { page } = lightmeter
    const day = daysAgo(100)
    await page.goto(`${server.url}?app=shop&attribute=licence&value=cc0&from=${day}&to=${day}`)
    await lightmeter.sees('No images from shop with licence: cc0 on these days.')
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Show all apps and days' }).click()
    expect(await lightmeter.number('Images')).toBe(number(all.length))
    await page.route('**/attributes/shop.json', (route) => route.abort())
    await page.goto(`${server.url}?app=shop&days=90`)
    await page.getByRole('combobox', { name: 'Attribute' }).selectOption('licence: cc0')
    await lightmeter.sees('attributes/shop.json could not be loaded. Check your connection and the server.')
    await page.unroute('**/attributes/shop.json')
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await lightmeter.sees('not counted by attribute')
    expect(await lightmeter.violations()).toEqual([])
  })

  test('goes back to the selection before', async () => {
    const { page, number: shown } = lightmeter
    await page.goto(`${server.url}?days=30`)
    await page.getByRole('radio', { name: '365 days' }).check()
    await lightmeter.sees('Images by week')
    await page.getByRole('combobox', { name: 'App' }).selectOption('web-app-2')
    await page.goBack()
    await expectEventually(async () => expect(await shown('Images')).toBe(number(all.length)))
    expect(await page.getByRole('combobox', { name: 'App' }).inputValue()).toBe('')
    await page.goBack()
    await expectEventually(async () => expect(await shown('Images')).toBe(number(lately(30).length)))
    expect(await page.getByRole('radio', { name: '30 days' }).isChecked()).toBe(true)
    expect(page.url()).toBe(`${server.url}?days=30`)
  })

  test('shows every label of every chart whole, at the width of a telephone', async () => {
    const { page } = lightmeter
    await page.goto(`${server.url}?days=90`)
    await expectWholeLabels(lightmeter)
    await page.locator('summary').first().click()
    await expectAccessible(page)
  })

  test('shows an empty state with a way to reset the filters', async () => {
    const { page } = lightmeter
    await page.goto(`${server.url}?app=web-app-3&days=7`)
    await lightmeter.sees('No images from web-app-3 on these days.')
    expect(await lightmeter.violations()).toEqual([])
    await page.getByRole('button', { name: 'Show all apps and days' }).click()
    expect(await lightmeter.number('Images')).toBe(number(all.length))
  })

  test('can be used with the keyboard alone', async () => {
    const { page } = lightmeter
    await page.goto(`${server.url}?days=30`)
    await page.locator('.strip').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.type('web-app-1')
    await page.keyboard.press('Tab')
    await page.keyboard.press('ArrowRight')
    const images = lately(90).filter(({ app }) => app === 'web-app-1').length
    await expectEventually(async () => expect(await lightmeter.number('Images')).toBe(number(images)))
    const details = lightmeter.chart('Time to ready by day').locator('summary')
    await details.focus()
    await page.keyboard.press('Enter')
    await lightmeter.chart('Time to ready by day').getByRole('columnheader', { name: 'p95' }).waitFor()
  })

  test('says so if the charting library cannot be loaded, and still has the numbers', async () => {
    const { page } = lightmeter
    const library = /\/graph-\w+\.js$/
    await page.route(library, (route) => route.abort())
    await page.goto(`${server.url}?days=30`)
    const chart = lightmeter.chart('Images by day')
    await chart.getByText('The chart could not be loaded.').waitFor()
    await chart.locator('summary').click()
    await chart.getByRole('columnheader', { name: 'web-app-2, Kafka' }).waitFor()
    await page.unroute(library)
  })

  test('keeps its data when a refresh fails, and shows why', async () => {
    const { page, sees } = lightmeter
    await page.goto(`${server.url}?days=30`)
    await page.locator('.strip').waitFor()
    const file = join(written.folder, 'figures.json')
    const figures = await readFile(file)
    await rm(file)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await sees(
      /The data could not be refreshed\. figures\.json was not found next to this page\. To write it, run: pnpm/,
    )
    expect(await page.locator('.strip').count()).toBe(1)
    await page.reload()
    await sees('No data')
    expect(await lightmeter.violations()).toEqual([])
    await expectAccessible(page)
    await writeFile(file, '[]')
    await page.getByRole('button', { name: 'Try again' }).click()
    await sees('figures.json has an unexpected format.')
    await writeFile(file, figures)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('.strip').waitFor()
  })

  /** Last on this page: its clock stays a replaced one. */
  test('says that it is loading, and after 10 s that it takes longer', async () => {
    const { page } = lightmeter
    await page.clock.install()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    await page.route('**/figures.json', (route) => released.then(() => route.continue()))
    const asked = page.waitForRequest('**/figures.json')
    await page.goto(server.url)
    await asked
    await page.getByText('Loading …').waitFor()
    await page.clock.fastForward(10_000)
    await page.getByText('Loading takes longer than usual …').waitFor()
    release()
    await page.locator('.strip').waitFor()
    expect(await page.getByText('Loading').count()).toBe(0)
  })

  describe('on a screen with two pixels for one, where days are written as in Britain', () => {
    let wide: LightmeterPage

    beforeAll(async () => {
      const options = { deviceScaleFactor: 2, viewport: { width: 1280, height: 900 }, locale: 'en-GB' }
      wide = await openDashboard(browser, `${server.url}?days=2`, options)
    })

    test('shows every label of every chart whole: hours, a year on paper and on a telephone', async () => {
      const { page } = wide
      await expectWholeLabels(wide)
      // As wide as a sheet of A4, and so low that most charts are drawn only because they are printed.
      await page.setViewportSize({ width: 700, height: 600 })
      await page.goto(`${server.url}?days=365`)
      await page.locator('.graph svg text').first().waitFor()
      await page.emulateMedia({ media: 'print' })
      await expectWholeLabels(wide)
      await page.emulateMedia({ media: 'screen' })
      await page.setViewportSize({ width: 360, height: 900 })
      await page.reload()
      await expectWholeLabels(wide)
    })

    test.each(['light', 'dark'] as const)('shows the numbers under the pointer, %s', async (colorScheme) => {
      const { page, chart, violations } = wide
      await page.setViewportSize({ width: 1280, height: 900 })
      await page.emulateMedia({ colorScheme })
      await page.goto(`${server.url}?days=30`)
      for (const title of ['Images by day', 'Time to ready by day']) {
        const graph = chart(title).locator('.graph')
        await graph.scrollIntoViewIfNeeded()
        await graph.locator('svg text').first().waitFor()
        const { width = 0 } = (await graph.boundingBox()) ?? {}
        await graph.hover({ position: { x: width / 2, y: 100 } })
        await graph.getByText(/^(web-app-2, Kafka|p95): [\d.,]/).waitFor()
        expect(await graph.locator('.marker').first().evaluate(isColored)).toBe(true)
      }
      expect(await violations()).toEqual([])
    })

    test('has no axe violations in the dark', async () => {
      await wide.page.locator('summary').first().click()
      await expectAccessible(wide.page)
    })
  })
})

/** Runs in the browser. */
const heightOf = (label: { getBoundingClientRect(): { height: number } }) =>
  label.getBoundingClientRect().height

/** Runs in the browser. The style of an element that the policy refuses is empty. */
const isColored = (marker: { style: { backgroundColor: string } }) => marker.style.backgroundColor !== ''

/** Runs in the browser. */
const LABELS = (groups: unknown[]) => groups.map((group) => (group as { label: string }).label)

/** Runs in the browser: labels that are not within their chart. */
const CUT_LABELS = `[...document.querySelectorAll('.graph svg')].flatMap((svg) => {
  const chart = svg.getBoundingClientRect()
  return [...svg.querySelectorAll('text')]
    .filter((text) => {
      const { left, right, top, bottom } = text.getBoundingClientRect()
      return left < chart.left || right > chart.right || top < chart.top || bottom > chart.bottom
    })
    .map(({ textContent }) => textContent)
})`

/** With a digit after the point below ten. */
function percentOf(part: number, whole: number): string {
  const percent = (100 * part) / whole
  return percent.toLocaleString('en', { maximumFractionDigits: percent < 10 ? 1 : 0 })
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

/** On a screen charts are drawn when they are scrolled to, on paper all at once. */
async function expectWholeLabels({ page, violations }: LightmeterPage): Promise<void> {
  await page.locator('.graph').first().waitFor()
  const isPrinted = await page.evaluate("matchMedia('print').matches")
  for (const graph of await page.locator('.graph').all()) {
    if (!isPrinted) await graph.scrollIntoViewIfNeeded()
    await graph.locator('svg text').first().waitFor()
  }
  expect(await page.evaluate(CUT_LABELS)).toEqual([])
  expect(await page.locator('.graph svg text').first().evaluate(heightOf)).toBeGreaterThan(10)
  expect(await violations()).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
}

async function expectAccessible(page: Page): Promise<void> {
  expect(await findViolations(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
}
