import { type AppId, ProblemError } from '@darkroom/core'

/** What an app accepts. Where it has no limit of its own, the limits of all apps apply. */
export interface AppLimits {
  /** Media types. */
  contentTypes?: readonly string[] | undefined
  maxBytes?: number | undefined
}

/**
 * Refuses an image that its app does not accept, with the app's limit.
 *
 * @param image `contentType` is undefined while nobody knows it
 * @throws ProblemError `payload-too-large`, `unsupported-media-type`
 */
export function requireWithinLimits(
  app: AppId,
  { contentTypes, maxBytes }: AppLimits,
  image: { bytes: number; contentType: string | undefined },
): void {
  if (maxBytes !== undefined && image.bytes > maxBytes) {
    throw new ProblemError(
      'payload-too-large',
      `The image has ${count(image.bytes)}. The app ${app} accepts up to ${count(maxBytes)}.`,
    )
  }
  if (contentTypes && image.contentType !== undefined && !contentTypes.includes(image.contentType)) {
    throw new ProblemError(
      'unsupported-media-type',
      `The image is ${image.contentType}. The app ${app} accepts ${contentTypes.join(', ')}.`,
    )
  }
}

function count(bytes: number): string {
  return `${bytes.toLocaleString('en')} ${bytes === 1 ? 'byte' : 'bytes'}`
}
