import { UploadAccepted } from '@darkroom/core'
import { freePorts, type Stack, startStack } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import { findViolations } from '@darkroom/testing/find-violations'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { postPicture } from '../kafka/post-picture.ts'
import { SMALL_PHOTOGRAPH } from '../photographs.ts'
import { expectEventually } from '../web-app-1/open-page.ts'
import { type LightmeterPage, openDashboard } from './open-dashboard.ts'

const STARTING = 240_000

describeWith(BROWSER, 'Lightmeter in the local stack', () => {
  let stack: Stack
  let browser: Browser
  let lightmeter: LightmeterPage

  beforeAll(async () => {
    stack = await startStack({ ports: await freePorts() })
    browser = await openBrowser()
    lightmeter = await openDashboard(browser, stack.endpoints.dashboard)
  }, STARTING)

  afterAll(async () => {
    await browser?.close()
    await stack?.stop()
  })

  /** Uploads an image and waits until its status is final. */
  async function upload(body: Buffer): Promise<string> {
    const api = `${stack.endpoints.uploadApi}/v1/images`
    const headers = { authorization: `Bearer ${stack.endpoints.apps['web-app-1']?.apiKey}` }
    const type = { 'content-type': 'application/octet-stream' }
    const answer = await fetch(api, {
      method: 'POST',
      headers: { ...headers, ...type },
      body: new Uint8Array(body),
    })
    const { id } = UploadAccepted.parse(await answer.json())
    const status = await fetch(`${api}/${id}`, { headers: { ...headers, prefer: 'wait=20' } })
    expect(await status.json()).toMatchObject({ status: expect.stringMatching(/processed|failed/) })
    return id
  }

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
    await upload(SMALL_PHOTOGRAPH)
    await expectEventually(async () => expect(await lightmeter.number('Images')).toBe('1'))
    await lightmeter.sees('1 HTTP')
    await lightmeter.sees(/^Images by hour/)
  })

  test('shows the source of an image, near duplicates and failures', async () => {
    await upload(SMALL_PHOTOGRAPH)
    await postPicture(stack.endpoints.webApp2, SMALL_PHOTOGRAPH)
    await upload(await scrambledPng())
    await lightmeter.sees('3 HTTP, 1 Kafka')
    expect(await lightmeter.number('Failed')).toBe('25 %')
    expect(await lightmeter.number('Near duplicates')).toBe('33 %')
    const failed = await lightmeter.chart('Failures by reason').getByRole('row').allTextContents()
    expect(failed.at(-1)).toBe('corrupt image1100 %')
  })

  test('filters by an attribute that the app declares', async () => {
    const body = new FormData()
    body.set('file', new File([new Uint8Array(SMALL_PHOTOGRAPH)], 'picture.jpg', { type: 'image/jpeg' }))
    body.set('attributes', JSON.stringify({ note: '<b>Low tide</b> & "夕焼け"' }))
    const headers = { authorization: `Bearer ${stack.endpoints.apps['web-app-2']?.apiKey}` }
    const answer = await fetch(`${stack.endpoints.uploadApi}/v1/images`, { method: 'POST', headers, body })
    expect(answer.status).toBe(202)
    await expectEventually(async () => expect(await lightmeter.number('Images')).toBe('5'))
    const { page, number } = lightmeter
    await page.getByRole('combobox', { name: 'App' }).selectOption('web-app-2')
    expect(await number('Images')).toBe('2')
    await page.getByRole('combobox', { name: 'Attribute' }).selectOption('note: <b>Low tide</b> & "夕焼け"')
    await expectEventually(async () => expect(await number('Images')).toBe('1'))
    await page.getByRole('combobox', { name: 'App' }).selectOption('All')
    const missing = await fetch(`${stack.endpoints.dashboard}/attributes/web-app-1.json`)
    expect([missing.status, await missing.json()]).toEqual([404, { detail: 'There is no such file.' }])
  })

  test('drops an erased image', async () => {
    const id = await upload(SMALL_PHOTOGRAPH)
    await expectEventually(async () => expect(await lightmeter.number('Images')).toBe('6'))
    await fetch(`${stack.endpoints.uploadApi}/v1/images/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${stack.endpoints.apps['web-app-1']?.apiKey}` },
    })
    await expectEventually(async () => expect(await lightmeter.number('Images')).toBe('5'))
  })
})

/** A valid header with scrambled data: accepted, then fails when it is decoded. */
async function scrambledPng(): Promise<Buffer> {
  const png = await sharp(SMALL_PHOTOGRAPH).resize(60, 40).png().toBuffer()
  return png.fill(0x5a, png.indexOf('IDAT') + 4, png.length - 20)
}
