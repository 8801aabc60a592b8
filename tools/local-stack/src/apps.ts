import { createHash } from 'node:crypto'

/** The applications that the local stack knows. Their keys are no secret: they open only this machine's stack. */
export const APPS = {
  'web-app-1': { apiKey: 'local-web-app-1' },
  'web-app-2': { apiKey: 'local-web-app-2', topic: 'images.web-app-2' },
}

/** Where Web App #2's images wait for the bridge, whose `topicApps` says whose they are. */
export const IMAGE_TOPIC = APPS['web-app-2'].topic

/** As the upload API's authorizer is configured. */
export function apiKeyHashes(): string {
  const hashes = Object.entries(APPS).map(([app, { apiKey }]) => [app, [sha256(apiKey)]])
  return JSON.stringify(Object.fromEntries(hashes))
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
