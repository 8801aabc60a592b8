import { type ImageRef, RECONCILED_KEY } from '@darkroom/core'
import { COLLECTED_DAYS, deletionOf } from '@darkroom/retention'
import { imageOf, type Subject } from './actors.ts'
import { DAY_MS, LIMITS_MS, MINUTE_MS, retention } from './settings.ts'
import { getImage, reconcileImages, request } from './system.ts'
import type { World } from './world.ts'

/** From the acceptance of an image to its last document, at most. */
const LONGEST_HISTORY_DAYS = 10

/**
 * Lets time pass until all retention periods have ended. S3 deletes what its lifecycle rules name, and meanwhile a reconcile
 * looks for the images once more.
 *
 * @returns what appeared again, what was answered wrongly, and what is left in the end
 */
export async function passRetention(world: World, subjects: Subject[]): Promise<string[]> {
  const { start, time, s3, processes } = world
  const { input, processed, metadata } = retention.default
  const breaches: string[] = []
  for (const days of [input, processed, metadata]) {
    await time.runUntil(start + (days + LONGEST_HISTORY_DAYS) * DAY_MS)
    expire(world)
    const scheduled = { time: new Date(start + DAY_MS).toISOString() }
    s3.run('PutObject', { Key: RECONCILED_KEY, Body: new Date(start - DAY_MS).toISOString().slice(0, 10) })
    const before = new Set(s3.objects.keys())
    const reconcile = () => reconcileImages(scheduled)
    void processes.invoke(`reconcileImages after ${days} days`, LIMITS_MS.reconcileImages, reconcile)
    await time.runUntil(time.now() + 15 * MINUTE_MS)
    for (const key of s3.objects.keys())
      if (!before.has(key)) breaches.push(`${key} appeared after its retention`)
    for (const subject of subjects) breaches.push(...(await wrongAnswer(world, subject, days)))
  }
  const isKept = (key: string) => /^(held|receipts|settings|reconciled|collected)\//.test(key)
  for (const key of s3.objects.keys()) if (!isKept(key)) breaches.push(`${key} is left after its retention`)
  if (s3.uploads.size > 0) breaches.push('a multipart upload is left after its retention')
  await time.runUntil(start + (COLLECTED_DAYS + LONGEST_HISTORY_DAYS) * DAY_MS)
  expire(world)
  for (const key of s3.objects.keys())
    if (key.startsWith('collected/')) breaches.push(`${key} is left after its retention`)
  return breaches
}

/** Deletes what S3's lifecycle rules have deleted by now. */
function expire({ s3, time, sabotage }: World): void {
  for (const [key, { written }] of s3.objects) {
    if (sabotage.unexpiredPrefix && key.startsWith(sabotage.unexpiredPrefix)) continue
    const deletion = deletionOf(retention, key, new Date(written))
    if (deletion && deletion.getTime() <= time.now()) s3.objects.delete(key)
  }
  const begun = time.now() - retention.default.unfinishedUploads * DAY_MS
  for (const [id, { initiated }] of s3.uploads) if (initiated <= begun) s3.uploads.delete(id)
}

/** The status stays until the document expires; after that every id of that time is 410. */
async function wrongAnswer(world: World, subject: Subject, days: number): Promise<string[]> {
  const image = imageOf(subject)
  if (!image) return []
  const isOver = days === retention.default.metadata
  const shown = subject.answers.findLast((answer) => answer.shown)?.shown ?? 404
  const expected = isOver ? 410 : shown
  const status = await statusOf(world, image, days)
  return status === expected ? [] : [`${subject.name} is ${status} instead of ${expected} after ${days} days`]
}

/** The image's status, or that of an answer other than 200. */
async function statusOf({ processes, time }: World, { app, imageId }: ImageRef, days: number) {
  let told: unknown
  void processes
    .invoke(`getImage after ${days} days`, LIMITS_MS.http, () => request(getImage, { app, id: imageId }))
    .then((ended) => {
      if ('returned' in ended)
        told = ended.returned.status === 200 ? ended.returned.body.status : ended.returned.status
    })
  await time.runUntil(time.now() + MINUTE_MS)
  return told
}
