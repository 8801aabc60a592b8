import { readFile } from 'node:fs/promises'
import { inputKey } from '@darkroom/core'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { acceptedMessage, type Resources, startResources, wholeMinute } from '../../test/start-resources.ts'
import { isolate } from '../isolation/isolate.ts'

let resources: Resources
beforeAll(async () => {
  resources = await startResources()
})
afterAll(() => resources.stop())

const SAMPLE = '../../../../packages/image-file/src/testing/heic/rotated.heic'

/** Sends one HEIC through the queue's consumer and an engine process, configured like a deployment. */
async function process(heicDecoder: string, program: string) {
  globalThis.process.env.HEIC_DECODER = heicDecoder
  jest.resetModules()
  const { processImages } = await import('../queue/process-images.ts')
  const engine = isolate({
    name: 'sharp',
    program: new URL(program, import.meta.url).href,
    seconds: 60,
    megabytes: 480,
  })
  const bytes = await readFile(new URL(SAMPLE, import.meta.url))
  const message = acceptedMessage(bytes, { contentType: 'image/heic' })
  await resources.put(inputKey(message.data), bytes)
  await resources.send(resources.queueUrl, message)
  const response = await processImages(engine)(await resources.receiveEvent(resources.queueUrl), wholeMinute)
  engine.stop()
  expect(response).toEqual({ batchItemFailures: [] })
  return resources.document(message.data)
}

test('with HEIC_DECODER=libheif an image is developed', async () => {
  expect(await process('libheif', 'process-images-with-sharp-and-libheif.engine.ts')).toMatchObject({
    status: 'processed',
    content_type: 'image/heic',
    width: 96,
    height: 64,
  })
})

test('with none it fails, although the service that accepted it has the other setting', async () => {
  expect(await process('none', 'process-images-with-sharp.engine.ts')).toMatchObject({
    status: 'failed',
    failure_type: 'unsupported-media-type',
  })
})
