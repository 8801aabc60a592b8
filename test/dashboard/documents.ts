import { type MetadataDocument, newImageId, type ProblemSlug } from '@darkroom/core'

const DAY = 86_400_000

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const APPS = [
  { app: 'web-app-1', origin: 'http' as const, share: 0.55 },
  { app: 'web-app-2', origin: 'kafka' as const, share: 0.85 },
  { app: 'web-app-2', origin: 'http' as const, share: 1 },
]
const FORMATS = [
  { type: 'image/jpeg' as const, share: 0.78, megabytes: 2.6 },
  { type: 'image/png' as const, share: 0.9, megabytes: 1.4 },
  { type: 'image/webp' as const, share: 0.97, megabytes: 0.5 },
  { type: 'image/gif' as const, share: 0.99, megabytes: 0.9 },
  { type: 'image/avif' as const, share: 1, megabytes: 0.3 },
]
const FAILURES: { slug: ProblemSlug; share: number }[] = [
  { slug: 'corrupt-image', share: 0.5 },
  { slug: 'unsupported-media-type', share: 0.75 },
  { slug: 'image-too-large', share: 0.9 },
  { slug: 'too-many-frames', share: 0.96 },
  { slug: 'retries-exhausted', share: 1 },
]

function pick<Choice extends { share: number }>(choices: Choice[], number: number): Choice {
  const chosen = choices.find(({ share }) => number < share) ?? choices.at(-1)
  if (!chosen) throw new Error('There is nothing to choose from.')
  return chosen
}

/**
 * Documents as the processor would write them, spread over the days before `until`: more by day than by night, more
 * lately than long ago, some failed, some alike. The same seed makes the same documents.
 */
export function* documents(count: number, days: number, until: Date, seed = 1): Generator<MetadataDocument> {
  const random = randomNumbers(seed)
  let hash = '0123456789abcdef'
  for (let n = 0; n < count; n++) {
    const accepted = new Date(until.getTime() - (1 - Math.sqrt(random())) * days * DAY)
    accepted.setUTCHours(Math.floor(7 + 14 * ((random() + random()) / 2)))
    if (accepted > until) accepted.setTime(until.getTime() - random() * 3_600_000)
    const { app, origin } = pick(APPS, random())
    const { type, megabytes } = pick(FORMATS, random())
    const bytes = Math.round(megabytes * 1e6 * (0.3 + 1.4 * random()))
    const queued_ms = Math.round(60 + 400 * random() ** 4 + (random() < 0.01 ? 8000 * random() : 0))
    const processing_ms = Math.round(120 + bytes / 8000 + 300 * random() ** 3)
    const arrival = {
      schema_version: 1 as const,
      image_id: newImageId(accepted),
      app,
      accepted_at: accepted.toISOString(),
      finished_at: new Date(accepted.getTime() + queued_ms + processing_ms).toISOString(),
      origin,
      filename: `IMG_${n}.jpg`,
      attributes: {},
      content_type: type,
      bytes,
      sha256: n.toString(16).padStart(64, '0'),
      queued_ms,
      processing_ms,
      receive_count: 1,
    }
    if (random() < 0.013) {
      const failure_type = pick(FAILURES, random()).slug
      yield { ...arrival, status: 'failed', failure_type, failure_detail: 'It was made to fail.' }
      continue
    }
    // One in forty is an earlier picture once more.
    if (random() > 0.025)
      hash = Array.from({ length: 16 }, () => Math.floor(16 * random()).toString(16)).join('')
    const variants_bytes = Math.round(Math.min(bytes * 0.42, 420_000 * (0.6 + 0.8 * random())))
    yield {
      ...arrival,
      status: 'processed',
      width: 4000,
      height: 3000,
      had_location: false,
      thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI',
      dominant_color: '#c08040',
      perceptual_hash: hash,
      preset: 'default',
      preset_version: 1,
      variants: [],
      variants_bytes,
    }
  }
}
