import { AppId } from './app-id.ts'
import { ImageId } from './image-id.ts'
import {
  claimKey,
  erasurePrefix,
  heldPrefix,
  type ImageRef,
  inputKey,
  isVariantKeyOf,
  linkPrefix,
  metadataKey,
  parseClaimKey,
  parseCollectedKey,
  parseCredentialKey,
  parseErasureKey,
  parseEventKey,
  parseHashKey,
  parseHeldKey,
  parseInputKey,
  parseLastUseKey,
  parseLinkKey,
  parseMetadataKey,
  parseReceiptKey,
  parseRejectedKey,
  parseSettingsKey,
  parseStoredKey,
  parseUploadKey,
  processedPrefix,
  RECONCILED_KEY,
  ROWS_COMPARED_KEY,
  TABLES_MAINTAINED_KEY,
  uploadPrefix,
} from './keys.ts'

/** What a key says about its object: the app and the image that it belongs to, if it belongs to one. */
export interface Owner {
  app?: AppId | undefined
  imageId?: ImageId | undefined
}

/**
 * Everything that the bucket may contain: each first part of a key, and how to find the owner of such an object. A key
 * without an owner here was not built in keys.ts.
 */
const OWNERS = {
  input: parseInputKey,
  processed: parseVariantOwner,
  metadata: parseMetadataKey,
  // The names of claims are the app's choice.
  claims: (key: string) => parseClaimKey(key) ?? parseStoredKey(key),
  hashes: parseHashKey,
  events: parseEventKey,
  uploads: parseUploadKey,
  rejected: (key: string) => parseRejectedKey(key) && {},
  held: parseHeldKey,
  erasing: parseErasureKey,
  linked: parseLinkKey,
  receipts: parseReceiptKey,
  settings: parseSettingsKey,
  reconciled: (key: string) =>
    [RECONCILED_KEY, ROWS_COMPARED_KEY, TABLES_MAINTAINED_KEY].includes(key) ? {} : undefined,
  // The events in a file are of many apps.
  collected: (key: string) => parseCollectedKey(key) && {},
  // The record names the app.
  credentials: (key: string) => (parseCredentialKey(key) ?? parseLastUseKey(key)) && {},
} satisfies Record<string, (key: string) => Owner | undefined>

/** The first part of every key. */
export type Place = keyof typeof OWNERS
export const PLACES = Object.keys(OWNERS) as Place[]

/** The prefix of all objects in a place. */
export function placePrefix(place: Place): string {
  return `${place}/`
}

/**
 * The prefix of everything that a place has of one image. Undefined where keys do not contain the image.
 * Keys of one place sort by app, then by date, then by image.
 */
export function imagePrefix(place: Place, image: ImageRef): string | undefined {
  return IMAGE_PREFIXES[place]?.(image)
}

const IMAGE_PREFIXES: Partial<Record<Place, (image: ImageRef) => string>> = {
  input: inputKey,
  processed: processedPrefix,
  metadata: metadataKey,
  claims: claimKey,
  uploads: uploadPrefix,
  held: heldPrefix,
  erasing: erasurePrefix,
  linked: linkPrefix,
}

/** The place and the owner of a key; undefined if no key of this version looks like that. */
export function findOwner(key: string): ({ place: Place } & Owner) | undefined {
  const place = PLACES.find((name) => key.startsWith(placePrefix(name)))
  const owner = place && (OWNERS[place](key) as Owner | undefined)
  return owner && { place, app: owner.app, imageId: owner.imageId }
}

/** A later version may have other names and file formats of variants, see `isVariantKeyOf`. */
function parseVariantOwner(key: string): ImageRef | undefined {
  const groups = /^processed\/(?<app>[^/]+)\/[^/]+\/(?<imageId>[^/]+)\//.exec(key)?.groups
  const app = AppId.safeParse(groups?.app).data
  const imageId = ImageId.safeParse(groups?.imageId).data
  if (app === undefined || imageId === undefined) return undefined
  return isVariantKeyOf({ app, imageId }, key) ? { app, imageId } : undefined
}
