import { createHash } from 'node:crypto'

/** The applications of the local stack. Their keys are not secret, because they only work on this machine. */
export const APPS = {
  'web-app-1': { apiKey: 'local-web-app-1' },
  'web-app-2': { apiKey: 'local-web-app-2', topic: 'images.web-app-2' },
}

/** Web App #2's topic. The bridge's `topicApps` maps it to the app. */
export const IMAGE_TOPIC = APPS['web-app-2'].topic

/** The API_KEY_HASHES of the upload API. */
export function apiKeyHashes(): string {
  const hashes = Object.entries(APPS).map(([app, { apiKey }]) => [app, [sha256(apiKey)]])
  return JSON.stringify(Object.fromEntries(hashes))
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
