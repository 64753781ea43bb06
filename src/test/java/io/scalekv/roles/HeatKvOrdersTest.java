package io.scalekv.roles;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeatKvOrdersTest {
  @Test
  void ranksByHand() {
    // 2 layers, 2 heads, 4 scales, 1 sink: orders of maps 1 and 2; pairs head * 2 + layer.
    HeatKvOrders orders = new HeatKvOrders(1, 4, 2, 2, new int[][] {{2, 0, 3, 1}, {0, 1, 2, 3}});
    assertEquals(0, rank(orders, 1, 1, 0));
    assertEquals(3, rank(orders, 1, 0, 1));
    assertEquals(2, rank(orders, 2, 1, 0));
    assertArrayEquals(new int[] {2, 0, 3, 1}, orders.order(1));
    assertEquals(1, orders.head(3));
    assertEquals(1, orders.layer(3));
    assertThrows(IndexOutOfBoundsException.class, () -> orders.order(0));
  }

  @Test
  void ordersAreValues() {
    int[][] table = {{2, 0, 3, 1}, {0, 1, 2, 3}};
    HeatKvOrders orders = new HeatKvOrders(1, 4, 2, 2, table);
    table[0][0] = 1;
    orders.order(1)[0] = 3;
    assertEquals(2, orders.order(1)[0]);
    HeatKvOrders same = new HeatKvOrders(1, 4, 2, 2, new int[][] {{2, 0, 3, 1}, {0, 1, 2, 3}});
    assertEquals(same, orders);
    assertEquals(same.hashCode(), orders.hashCode());
    assertNotEquals(orders, new HeatKvOrders(1, 4, 2, 2, new int[][] {{2, 0, 1, 3}, {0, 1, 2, 3}}));
    assertNotEquals(orders, new HeatKvOrders(1, 4, 4, 1, new int[][] {{2, 0, 3, 1}, {0, 1, 2, 3}}));
  }

  @Test
  void tiesGoByHeadThenLayer() {
    double[][][] scores = new double[3][2][3];
    for (double[][] layer : scores) {
      for (double[] head : layer) {
        Arrays.fill(head, 0.5);
        head[0] = Double.NaN;
        head[2] = Double.NaN;
      }
    }
    scores[2][1][1] = 0.25;
    scores[1][0][1] = -0.0;
    scores[0][0][1] = 0.0;
    HeatKvOrders orders = HeatKvOrders.ofScores(scores, 1);
    assertEquals(3, orders.scales());
    assertEquals(1, orders.sinkScales());
    // (h0,l0) and (h0,l1) have 0, (h1,l2) 0.25, the rest 0.5 by head, then layer.
    assertArrayEquals(new int[] {0, 1, 5, 2, 3, 4}, orders.order(1));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void ofScoresAgreesWithCounting(long seed) {
    Random random = new Random(seed);
    int layers = 1 + random.nextInt(5);
    int heads = 1 + random.nextInt(5);
    int scales = 2 + random.nextInt(5);
    int sinks = random.nextInt(scales - 1);
    double[][][] scores = new double[layers][heads][scales];
    for (double[][] layer : scores) {
      for (double[] head : layer) {
        Arrays.setAll(head, s -> random.nextInt(4) / 8.0);
      }
    }
    HeatKvOrders orders = HeatKvOrders.ofScores(scores, sinks);
    for (int s = sinks; s <= scales - 2; s++) {
      for (int l = 0; l < layers; l++) {
        for (int h = 0; h < heads; h++) {
          int before = 0;
          for (int m = 0; m < layers; m++) {
            for (int g = 0; g < heads; g++) {
              double difference = scores[m][g][s] - scores[l][h][s];
              boolean tieFirst = g < h || (g == h && m < l);
              before += difference < 0 || (difference == 0 && tieFirst) ? 1 : 0;
            }
          }
          assertEquals(before, rank(orders, s, h, l));
          assertEquals(h * layers + l, orders.order(s)[before]);
        }
      }
    }
  }

  @Test
  void badScoresAreRefused() {
    double[][][] scores = new double[2][2][4];
    assertThrows(IllegalArgumentException.class, () -> HeatKvOrders.ofScores(scores, 3));
    assertThrows(IllegalArgumentException.class, () -> HeatKvOrders.ofScores(scores, -1));
    assertThrows(
        IllegalArgumentException.class, () -> HeatKvOrders.ofScores(new double[0][0][0], 0));
    scores[1][0][2] = Double.NaN;
    assertThrows(IllegalArgumentException.class, () -> HeatKvOrders.ofScores(scores, 1));
    double[][][] ragged = {new double[2][3], new double[1][3]};
    assertThrows(IllegalArgumentException.class, () -> HeatKvOrders.ofScores(ragged, 1));
    double[][][] uneven = {{new double[3], new double[4]}};
    assertThrows(IllegalArgumentException.class, () -> HeatKvOrders.ofScores(uneven, 1));
  }

  private static int[][] identity(int orders, int pairs) {
    int[][] table = new int[orders][];
    Arrays.setAll(table, i -> IntStream.range(0, pairs).toArray());
    return table;
  }

  private static String refused(int sinks, int scales, int layers, int heads, int[][] orders) {
    return assertThrows(
            IllegalArgumentException.class,
            () -> new HeatKvOrders(sinks, scales, layers, heads, orders))
        .getMessage();
  }

  @Test
  void shapesAtTheirEnds() {
    assertEquals(1000, new HeatKvOrders(0, 2, 1000, 1, identity(1, 1000)).layers());
    assertEquals(1000, new HeatKvOrders(0, 2, 1, 1000, identity(1, 1000)).heads());
    assertTrue(refused(0, 2, 1001, 1, identity(1, 1001)).contains("1001"));
    assertTrue(refused(0, 2, 1, 1001, identity(1, 1001)).contains("1001"));
    assertTrue(refused(0, 2, 0, 1, identity(1, 0)).contains("layers"));
    assertTrue(refused(0, 2, 1, 0, identity(1, 0)).contains("heads"));
    assertTrue(refused(1, 2, 1, 1, identity(0, 1)).contains("sink scales"));
    assertTrue(refused(-1, 4, 1, 1, identity(4, 1)).contains("-1"));
    assertTrue(refused(0, 1, 1, 1, identity(0, 1)).contains("sink scales"));
    assertTrue(refused(1, 4, 1, 1, identity(3, 1)).endsWith("got 3"));
    assertTrue(
        refused(1, 4, 2, 2, new int[][] {{0, 1, 2, 3}, {0, -1, 2, 3}})
            .endsWith("got -1 at rank 1"));
    assertTrue(refused(1, 4, 2, 2, new int[][] {{0, 1, 2, 3}, {0, 1, 2, 3, 3}}).endsWith("got 5"));
    assertTrue(refused(2, 4, 2, 2, new int[][] {{1, 0, 2, 1}}).endsWith("got 1 at rank 3"));
  }

  @Test
  void moreSinks() {
    HeatKvOrders one = new HeatKvOrders(1, 4, 2, 2, new int[][] {{2, 0, 3, 1}, {0, 1, 3, 2}});
    HeatKvOrders two = one.withSinks(2);
    assertEquals(2, two.sinkScales());
    assertArrayEquals(one.order(2), two.order(2));
    assertThrows(IndexOutOfBoundsException.class, () -> two.order(1));
    assertEquals(one, one.withSinks(1));
    for (int sinks : new int[] {0, 3}) {
      assertThrows(IllegalArgumentException.class, () -> one.withSinks(sinks));
    }
    assertEquals("HeatKV orders of maps 1 to 2, 2 layers x 2 heads", one.toString());
    assertThrows(IndexOutOfBoundsException.class, () -> one.order(3));
  }

  @Test
  void ordersDifferInEveryPart() {
    HeatKvOrders orders = new HeatKvOrders(1, 3, 1, 2, identity(1, 2));
    assertNotEquals(orders, new HeatKvOrders(2, 4, 1, 2, identity(1, 2)));
    assertNotEquals(orders, new HeatKvOrders(0, 2, 1, 2, identity(1, 2)));
    assertNotEquals(orders, new HeatKvOrders(1, 3, 2, 1, identity(1, 2)));
    assertNotEquals(orders, new HeatKvOrders(1, 3, 1, 2, new int[][] {{1, 0}}));
    assertNotEquals(orders, "orders");
    assertThrows(
        IllegalArgumentException.class, () -> HeatKvOrders.ofScores(new double[2][0][3], 0));
  }

  private static int rank(HeatKvOrders orders, int map, int head, int layer) {
    int pair = head * orders.layers() + layer;
    return Arrays.stream(orders.order(map)).boxed().toList().indexOf(pair);
  }
}
