import { appsOfTopics, readConfiguration } from '@darkroom/app-configuration'
import { type ApiKey, formatApiKey, keyIdPrefix } from '@darkroom/core'

/** @throws Error that says what is wrong in the file, when this is imported */
const configuration = readConfiguration()

/** The Kafka topics of all apps. */
export const TOPICS = Object.keys(appsOfTopics(configuration))

/** The topic of Web App #2's backend. */
export const IMAGE_TOPIC = configuration.apps['web-app-2']?.topics?.[0] ?? 'images.web-app-2'

/** The key of an app, the same on each machine: it is not secret, because it only works on the local stack. */
export function developmentKey(app: string): ApiKey {
  return {
    mode: 'test',
    keyId: `${keyIdPrefix(app)}00000001`,
    secret: 'LocalDevelopmentOnlyNotASecret01',
  }
}

const keyOf = (app: string) => ({ apiKey: formatApiKey(developmentKey(app)) })

/** The applications of the local stack: those of the configuration. The first two have pages. */
export const APPS = {
  ...Object.fromEntries(Object.keys(configuration.apps).map((app) => [app, keyOf(app)])),
  'web-app-1': keyOf('web-app-1'),
  'web-app-2': { ...keyOf('web-app-2'), topic: IMAGE_TOPIC },
}
