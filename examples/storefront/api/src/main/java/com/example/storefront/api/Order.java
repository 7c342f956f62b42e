package com.example.storefront.api;

import java.util.ArrayList;
import java.util.List;

/** What a customer has bought. */
public class Order {
    public String number;
    public String customer;
    public List<Line> lines = new ArrayList<>();

    public static class Line {
        public String sku;
        public int quantity;
        /** In cents. */
        public long price;
    }

    public long total() {
        return lines.stream().mapToLong(line -> line.price * line.quantity).sum();
    }
}
