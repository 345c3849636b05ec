import { createContext } from "preact";

/** Who and what can be mentioned: { users, groups, channels, me, bot }. */
export const Directory = createContext({ users: [], groups: [], channels: [], me: null, bot: null });

/** What the elements of one message share: { act(block, element, choice), isPending(block, element) }. */
export const Interaction = createContext({ act: () => {}, isPending: () => false });
