import { type ApiKey, formatApiKey, keyIdPrefix } from '@darkroom/core'

/** The key of an app, the same on each machine: it is not secret, because it only works on the local stack. */
export function developmentKey(app: string): ApiKey {
  return {
    mode: 'test',
    keyId: `${keyIdPrefix(app)}00000001`,
    secret: 'LocalDevelopmentOnlyNotASecret01',
  }
}

/** The applications of the local stack. */
export const APPS = {
  'web-app-1': { apiKey: formatApiKey(developmentKey('web-app-1')) },
  'web-app-2': { apiKey: formatApiKey(developmentKey('web-app-2')), topic: 'images.web-app-2' },
}

/** Web App #2's topic. The bridge's `topicApps` maps it to the app. */
export const IMAGE_TOPIC = APPS['web-app-2'].topic
