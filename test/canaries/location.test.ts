/** The location of a photograph is only in its original, and in nothing else that is stored, answered, sent or logged. */
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { runExifToolOn } from '@darkroom/testing/exiftool'
import { EXIFTOOL } from '@darkroom/testing/needs'
import { afterAll, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { fourCorners } from '../../services/image-processor/src/testing/test-images.ts'
import { openStore } from '../../services/upload-api/src/testing/open-store.ts'
import { send } from '../../services/upload-api/src/testing/send.ts'
import { receiveEvent } from './receive-event.ts'
import { recordOutput } from './record-output.ts'

const app = 'web-app-1'
const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
Object.assign(process.env, {
  PARKED_QUEUE_URL: process.env.QUEUE_URL,
  EVENTS_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:darkroom-local-events',
  POWERTOOLS_LOG_LEVEL: 'DEBUG',
})
const logged = recordOutput()
const { handler: uploadImage } = await import('../../services/upload-api/src/routes/upload-image.ts')
const { handler: getImage } = await import('../../services/upload-api/src/routes/get-image.ts')
const { handler: listImages } = await import('../../services/upload-api/src/routes/list-images.ts')
const { handler: processImages } = await import(
  '../../services/image-processor/src/handlers/process-images-with-sharp.ts'
)
const s3 = new S3Client({})
const sqs = new SQSClient({})
afterAll(async () => {
  logged.stop()
  s3.destroy()
  sqs.destroy()
  await store.close()
  await aws.stop()
})

/** 51° 30′ 26.2373″ N, 0° 7′ 39.4731″ W, once in EXIF and once in XMP. */
const photograph = await fourCorners(1200, 800)
  .withExif({
    IFD0: { Make: 'ACME', Model: 'Pinhole' },
    IFD3: {
      GPSLatitudeRef: 'N',
      GPSLatitude: '51/1 30/1 262373/10000',
      GPSLongitudeRef: 'W',
      GPSLongitude: '0/1 7/1 394731/10000',
    },
  })
  .withXmp(
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
      '<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="51,30.437288N" exif:GPSLongitude="0,7.657885W"/>' +
      '</rdf:RDF></x:xmpmeta>',
  )
  .jpeg()
  .toBuffer()

const numbers = (value: number) => {
  const [little, big] = [Buffer.alloc(8), Buffer.alloc(8)]
  little.writeUInt32LE(value)
  little.writeUInt32LE(10_000, 4)
  big.writeUInt32BE(value)
  big.writeUInt32BE(10_000, 4)
  return [little, big]
}
const words = [
  '51.507',
  '-0.1276',
  '0.12763',
  '51,30.4',
  '0,7.65',
  '26.2373',
  '39.4731',
  '262373',
  '394731',
  'GPSL',
]
const TRACES = [...words.map((word) => Buffer.from(word)), ...numbers(262_373), ...numbers(394_731)]

const tracesIn = (bytes: Uint8Array | string) =>
  TRACES.filter((trace) => Buffer.from(bytes as string).includes(trace)).map((trace) =>
    trace.toString('latin1'),
  )

async function everythingStored(): Promise<[string, Buffer, object][]> {
  const Bucket = process.env.BUCKET
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
  return Promise.all(
    Contents.map(async ({ Key = '' }) => {
      const { Body, Metadata = {} } = await s3.send(new GetObjectCommand({ Bucket, Key }))
      return [Key, Buffer.from((await Body?.transformToByteArray()) ?? []), Metadata] as [
        string,
        Buffer,
        object,
      ]
    }),
  )
}

test('only the original contains the location of a photograph', async () => {
  expect(tracesIn(photograph)).toEqual(expect.arrayContaining(['51,30.4', 'GPSL']))
  expect(
    tracesIn(photograph).some((trace) => trace.endsWith('\x10\x27\0\0') || trace.endsWith('\0\0\x27\x10')),
  ).toBe(true)

  const headers = { 'content-type': 'image/jpeg' }
  const accepted = await send(uploadImage, { method: 'POST', app, headers, body: photograph })
  expect(accepted.status).toBe(202)
  const { id } = accepted.body
  const event = await receiveEvent(sqs)
  expect(await processImages(event, { getRemainingTimeInMillis: () => 60_000 })).toEqual({
    batchItemFailures: [],
  })

  const status = await send(getImage, { app, id })
  expect(status.body).toMatchObject({ status: 'processed', exif: { hadLocation: true, cameraMake: 'ACME' } })
  const day = await send(listImages, { app, query: { date: status.body.acceptedAt.slice(0, 10) } })
  expect(day.body.items).toHaveLength(1)
  for (const sent of [accepted, status, day, event.Records[0]?.body])
    expect(tracesIn(JSON.stringify(sent))).toEqual([])

  expect(logged.text()).toContain('image processed')
  expect(tracesIn(logged.text())).toEqual([])

  const stored = await everythingStored()
  expect(stored.map(([key]) => key.split('/')[0])).toEqual([
    'input',
    'metadata',
    'processed',
    'processed',
    'processed',
  ])
  for (const [key, bytes, metadata] of stored) {
    expect([key, tracesIn(JSON.stringify(metadata))]).toEqual([key, []])
    if (!key.startsWith('input/')) expect([key, tracesIn(bytes)]).toEqual([key, []])
    if (!key.startsWith('processed/')) continue
    const { exif, xmp, iptc } = await sharp(bytes).metadata()
    expect({ exif, xmp, iptc }).toEqual({})
    if (EXIFTOOL.missing) continue
    const tags = runExifToolOn(bytes, '-json', '-G', '-a', '-u')
    expect(Object.keys(JSON.parse(tags)[0]).filter((tag) => /GPS|^EXIF|^XMP/.test(tag))).toEqual([])
  }
})
