/**
 * Jest's environment for Node, in a context whose global object is an ordinary one. Jest gives `vm.createContext` a proxy, and
 * then each use of `Math` or `Promise` in a test or in what it imports is a call of a C++ interceptor and of the proxy:
 * loops over pixels are three times slower. See decisions/0076-ordinary-globals-in-tests.md.
 */
import vm from 'node:vm'
import { TestEnvironment } from 'jest-environment-node'

const { createContext } = vm

export default class extends TestEnvironment {
  constructor(...args: ConstructorParameters<typeof TestEnvironment>) {
    // The constructor makes its context by this name, and has no option for it.
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY)
    try {
      super(...args)
    } finally {
      vm.createContext = createContext
    }
  }
}
