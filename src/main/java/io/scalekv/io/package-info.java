/** Files written whole or not at all; the one package that every other may use. */
package io.scalekv.io;
