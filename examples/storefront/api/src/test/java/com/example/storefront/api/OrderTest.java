package com.example.storefront.api;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import org.junit.Test;

public class OrderTest {
    @Test
    public void addsUpItsLines() {
        Order order = new Order();
        Order.Line tea = new Order.Line();
        tea.sku = "TEA-1";
        tea.quantity = 2;
        tea.price = 450;
        order.lines.add(tea);
        assertEquals(900, order.total());
    }

    /** The order table is tried out on an in-memory database. */
    @Test
    public void ordersCanBeStored() throws Exception {
        try (Connection db = DriverManager.getConnection("jdbc:h2:mem:orders")) {
            db.createStatement().execute("create table orders(number varchar(20) primary key)");
            db.createStatement().execute("insert into orders values ('A-1')");
            ResultSet found = db.createStatement().executeQuery("select number from orders");
            assertTrue(found.next());
        }
    }
}
