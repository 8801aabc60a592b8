import { chanceOf } from './chance.ts'
import { NO_FAULTS, type Outage, type Rates } from './faults.ts'
import { DAY_MS, MINUTE_MS } from './settings.ts'

/** How an image comes: over HTTP, over Kafka, or sent to S3 directly. */
type Source = 'http' | 'http without a key' | 'direct upload' | 'multipart upload' | 'kafka'

export interface Picture {
  source: Source
  app: string
  /** The index of its bytes, or the damaged ones, or a file that is not an image. */
  bytes: number | 'damaged' | 'text'
  /** S3 refuses to store it with its metadata, at each attempt. */
  isRefusedByS3?: boolean
  /** Its Kafka record is larger than an event of Lambda's may be. */
  isOverLimit?: boolean
  /** Its Kafka record refers to an object of the app (a claim check), which has a name of the app's own. */
  isClaim?: boolean
}

export const isDirect = ({ source }: Picture) => source === 'direct upload' || source === 'multipart upload'

/** Something that somebody does, and when: in milliseconds since the start. */
export type Action =
  | ImageAction
  | { at: number; do: 'deploy' }
  | { at: number; do: 'redrive' }
  /** The operator applies settings to an app, without a deployment. */
  | { at: number; do: 'apply'; app: string; preset: 'default' | 'big'; deduplication: boolean }
  | { at: number; do: 'nothing' }

type ImageAction = { at: number; picture: number } & (
  | { do: 'send' | 'complete' | 'abort' | 'erase' | 'hold' | 'release' | 'look' }
  | { do: 'redevelop'; preset: 'default' | 'big' }
  /** Somebody sends a message about the picture that names the original of another. */
  | { do: 'forge'; victim: number }
)

export interface History {
  seed: number
  pictures: Picture[]
  actions: Action[]
  rates: Rates
  outages: Outage[]
  /** While more images wait than are processed, those of the history are not processed. In milliseconds since the start. */
  backlog?: { from: number; to: number }
}

const APPS = ['web-app-1', 'thrifty'] as const

/** The same seed is always the same history. */
export function historyOf(seed: number): History {
  const chance = chanceOf(seed)
  const span = chance.pick('span', [20_000, 2 * MINUTE_MS, 8 * MINUTE_MS])
  const pictures = Array.from({ length: chance.whole('pictures', 1, 3) }, (_, n) => pictureOf(seed, n))
  const sends: Action[] = pictures.map((_, picture) => ({
    do: 'send',
    picture,
    at: chance.whole(`send ${picture}`, 0, span / 4),
  }))
  const others = Array.from({ length: chance.whole('actions', 2, 9) }, (_, n) =>
    otherAction(seed, n, pictures.length, span),
  )
  const late = hasDeadLetters(seed) ? actionsAmongDeadLetters(seed, pictures.length) : []
  return {
    seed,
    pictures,
    actions: [...sends, ...others, ...late].toSorted((a, b) => a.at - b.at).concat(settingsOf(seed, span)),
    rates: ratesOf(seed),
    outages: outagesOf(seed),
    ...backlogOf(seed),
  }
}

/** In one history of four, at the beginning and while pictures are sent. Last, as the names of steps have the numbers of actions. */
function settingsOf(seed: number, span: number): Action[] {
  const chance = chanceOf(seed)
  if (!chance.happens('has settings', 0.25)) return []
  return Array.from({ length: chance.whole('settings', 1, 3) }, (_, n) => ({
    do: 'apply',
    at: n === 0 ? 0 : chance.whole(`time of settings ${n}`, 0, span),
    app: chance.pick(`app of settings ${n}`, [...APPS, 'web-app-2'] as const),
    preset: chance.pick(`preset of settings ${n}`, ['default', 'big'] as const),
    deduplication: chance.happens(`deduplication ${n}`, 0.5),
  }))
}

/** In one history of twelve. */
function backlogOf(seed: number): Pick<History, 'backlog'> {
  const chance = chanceOf(seed)
  if (hasDeadLetters(seed) || outagesOf(seed).length > 0 || !chance.happens('has a backlog', 0.1)) return {}
  const from = chance.whole('backlog from', 0, MINUTE_MS)
  return { backlog: { from, to: from + chance.whole('backlog of', 5 * MINUTE_MS, 60 * MINUTE_MS) } }
}

function pictureOf(seed: number, n: number): Picture {
  const chance = chanceOf(seed)
  const isClaim = chance.happens(`claim ${n}`, 0.3)
  const source = chance.pick<Source>(`source ${n}`, [
    'http',
    'http',
    'http without a key',
    'direct upload',
    'multipart upload',
    'kafka',
  ])
  return {
    source,
    app: source === 'kafka' ? 'web-app-2' : chance.pick(`app ${n}`, APPS),
    bytes: bytesOf(seed, n),
    ...(source === 'kafka' && isClaim
      ? { isClaim }
      : {
          ...(hasOwnMetadata(source) &&
            chance.happens(`refused by S3 ${n}`, 0.06) && { isRefusedByS3: true }),
          ...(source === 'kafka' && chance.happens(`over the limit ${n}`, 0.12) && { isOverLimit: true }),
        }),
  }
}

/** For the others S3 decides when their pages send them. */
const hasOwnMetadata = (source: Source) => source.startsWith('http') || source === 'kafka'

function bytesOf(seed: number, n: number): Picture['bytes'] {
  const chance = chanceOf(seed)
  if (chance.happens(`text ${n}`, 0.08)) return 'text'
  return chance.happens(`damaged ${n}`, 0.1) ? 'damaged' : chance.whole(`bytes ${n}`, 0, 3)
}

function otherAction(seed: number, n: number, pictures: number, span: number): Action {
  const chance = chanceOf(seed)
  const picture = chance.whole(`picture of ${n}`, 0, pictures - 1)
  const at = chance.whole(`time of ${n}`, 0, span)
  const what = chance.pick(`action ${n}`, [
    'erase',
    'erase',
    'redevelop',
    'redevelop',
    'hold',
    'release',
    'look',
    'send',
    'complete',
    'abort',
    'deploy',
    'forge',
  ] as const)
  if (what === 'deploy') return { do: what, at }
  if (what === 'forge') return { do: what, picture, at, victim: (picture + 1) % pictures }
  if (what !== 'redevelop') return { do: what, picture, at }
  return { do: what, picture, at, preset: chance.pick(`preset of ${n}`, ['default', 'big', 'big'] as const) }
}

/** One history in ten: messages fail at all their receives, and the faults last until their dead letters are settled. */
const hasDeadLetters = (seed: number) => chanceOf(seed).happens('has dead letters', 0.1)

/** Five receives take ten minutes after errors and half an hour after crashes. The first dead letter is sent again. */
const DEAD_LETTERS_MS = 9 * MINUTE_MS
const SETTLED_MS = 70 * MINUTE_MS

/** While dead letters arrive, people use their images, and the operator sends what is parked back to the image queue. */
function actionsAmongDeadLetters(seed: number, pictures: number): Action[] {
  const chance = chanceOf(seed)
  const at = (name: string) => chance.whole(`time of ${name}`, DEAD_LETTERS_MS, SETTLED_MS)
  const actions = Array.from({ length: 3 }, (_, n) => ({
    ...otherAction(seed, 100 + n, pictures, 0),
    at: at(`late action ${n}`),
  }))
  const redrives = Array.from({ length: chance.whole('redrives', 0, 2) }, (_, n): Action => {
    return { do: 'redrive', at: at(`redrive ${n}`) }
  })
  return [...actions, ...redrives, { do: 'nothing', at: SETTLED_MS }]
}

/** Some histories are calm, some have one kind of fault, most have several. */
function ratesOf(seed: number): Rates {
  const chance = chanceOf(seed)
  const rate = (name: keyof Rates, most: number) =>
    chance.happens(`has ${name}`, 0.5) ? chance.number(`rate of ${name}`) * most : 0
  const exhausted = hasDeadLetters(seed) ? chance.pick('rate of exhausted', [0.3, 0.8, 1] as const) : 0
  if (chance.happens('is calm', 0.1)) return { ...NO_FAULTS, exhausted }
  return {
    error: rate('error', 0.1),
    lost: rate('lost', 0.08),
    repeated: rate('repeated', 0.08),
    crashBefore: rate('crashBefore', 0.04),
    crashAfter: rate('crashAfter', 0.04),
    slow: rate('slow', 0.2),
    duplicate: rate('duplicate', 0.4),
    redelivered: chance.happens('is redelivered', 0.4) ? rate('redelivered', 0.4) : 0,
    undeleted: rate('undeleted', 0.2),
    engineKilled: rate('engineKilled', 0.2),
    engineDied: rate('engineDied', 0.4),
    eventDoubled: rate('eventDoubled', 0.2),
    eventLate: rate('eventLate', 0.4),
    // More than one in a thousand, so that some are lost.
    eventLost: rate('eventLost', 0.2),
    exhausted,
  }
}

/** In one history of eight, S3, SQS or both are away: for a minute, an hour, or up to three days. Dead letters meet it where there are any. */
function outagesOf(seed: number): Outage[] {
  const chance = chanceOf(seed)
  if (!chance.happens('has an outage', 0.125)) return []
  const one = chance.pick('who is out', ['s3', 's3', 'sqs'] as const)
  const service = chance.happens('both are out', 0.25) ? 'both' : one
  const longest = one === 's3' ? 3 * DAY_MS : DAY_MS
  const length = chance.pick('length', [MINUTE_MS, 11 * MINUTE_MS, 60 * MINUTE_MS, longest] as const)
  const from = hasDeadLetters(seed)
    ? chance.whole('outage from', DEAD_LETTERS_MS, SETTLED_MS)
    : chance.whole('outage from', 0, MINUTE_MS)
  return [{ service, from, to: from + chance.whole('outage of', length / 2, length) }]
}
