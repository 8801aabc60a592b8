import type { Stack } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import { findViolations } from '@darkroom/testing/find-violations'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { AUTHORIZATION, develop } from '../develop-image.ts'
import { postPicture } from '../kafka/post-picture.ts'
import { SMALL_PHOTOGRAPH } from '../photographs.ts'
import { type LightmeterPage, openDashboard } from './open-dashboard.ts'

/** Tests of the dashboard of a stack without images. @param running called once the tests run */
export function testLivePage(running: () => Stack): void {
  describeWith(BROWSER, 'Lightmeter', () => {
    let stack: Stack
    let browser: Browser
    let lightmeter: LightmeterPage
    let first: string

    beforeAll(async () => {
      stack = running()
      browser = await openBrowser()
      lightmeter = await openDashboard(browser, stack.endpoints.dashboard)
    })

    // An open page asks for figures all the time.
    afterAll(() => browser?.close())

    test('shows an empty state with a link to the upload page', async () => {
      const { page, sees } = lightmeter
      await sees('No images yet')
      expect(await page.getByRole('link', { name: 'Web App #1' }).getAttribute('href')).toBe(
        stack.endpoints.webApp1,
      )
      expect(await findViolations(page)).toEqual([])
    })

    test('cannot be framed by another page', async () => {
      const { headers } = await fetch(stack.endpoints.dashboard)
      expect(headers.get('content-security-policy')).toBe("frame-ancestors 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    })

    test('shows a new image within seconds without a reload', async () => {
      first = (await develop(stack, SMALL_PHOTOGRAPH)).id
      await lightmeter.sees('1 HTTP')
      expect(await lightmeter.number('Images')).toBe('1')
      await lightmeter.sees(/^Images by hour/)
    })

    test('shows the source of images, near duplicates, failures and declared attributes', async () => {
      const { webApp2, dashboard } = stack.endpoints
      const { page, number, sees, chart } = lightmeter
      const note = '<b>Low tide</b> & "夕焼け"'
      await Promise.all([
        develop(stack, SMALL_PHOTOGRAPH),
        develop(stack, await scrambledPng()),
        postPicture(webApp2, SMALL_PHOTOGRAPH),
        postPicture(webApp2, SMALL_PHOTOGRAPH, { note }),
      ])
      await sees('3 HTTP, 2 Kafka')
      expect(await number('Failed')).toBe('20 %')
      expect(await number('Near duplicates')).toBe('50 %')
      const failed = await chart('Failures by reason').getByRole('row').allTextContents()
      expect(failed.at(-1)).toBe('corrupt image1100 %')
      await page.getByRole('combobox', { name: 'App' }).selectOption('web-app-2')
      expect(await number('Images')).toBe('2')
      await page.getByRole('combobox', { name: 'Attribute' }).selectOption(`note: ${note}`)
      await sees(/^1 image\. Busiest hour/)
      expect(await number('Images')).toBe('1')
      await page.getByRole('combobox', { name: 'App' }).selectOption('All')
      const missing = await fetch(`${dashboard}/attributes/web-app-1.json`)
      expect([missing.status, await missing.json()]).toEqual([404, { detail: 'There is no such file.' }])
    })

    test('drops an erased image', async () => {
      const headers = { authorization: AUTHORIZATION }
      await fetch(`${stack.endpoints.uploadApi}/v1/images/${first}`, { method: 'DELETE', headers })
      await lightmeter.sees(/^4 images\. Busiest hour/)
      expect(await lightmeter.number('Images')).toBe('4')
    })
  })
}

/** A valid header with scrambled data: accepted, then fails when it is decoded. */
async function scrambledPng(): Promise<Buffer<ArrayBuffer>> {
  const png = await sharp(SMALL_PHOTOGRAPH).resize(60, 40).png().toBuffer()
  return Buffer.from(png.fill(0x5a, png.indexOf('IDAT') + 4, png.length - 20))
}
