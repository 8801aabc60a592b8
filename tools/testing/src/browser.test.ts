import { createServer } from 'node:http'
import { expect, test } from '@jest/globals'
import { openBrowser } from './browser.ts'
import { findViolations } from './find-violations.ts'
import { BROWSER, describeWith } from './needs.ts'

describeWith(BROWSER, 'openBrowser', () => {
  test('opens a page, runs its script and draws its text, and axe finds what is wrong with it', async () => {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<img><p style="display: inline">Hello</p><script>document.title = 6 * 7</script>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address?.port
    const browser = await openBrowser()
    try {
      const page = await browser.newPage()
      await page.goto(`http://127.0.0.1:${port}/`)
      expect(await page.title()).toBe('42')
      const box = await page.locator('p').boundingBox()
      expect(box?.width).toBeGreaterThan(20)
      expect(await findViolations(page)).toContainEqual(expect.objectContaining({ id: 'image-alt' }))
      await page.evaluate("document.querySelector('img').alt = 'A tide gauge'")
      expect(await findViolations(page)).not.toContainEqual(expect.objectContaining({ id: 'image-alt' }))
    } finally {
      await browser.close()
      server.close()
    }
  })
})
